// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// roleEnv has the role of a process that this one has started.
const roleEnv = "NEURORAN_BENCH_TABLEONE"

// radio is the node that sends samples and hears of blocks.
const radio sfaas.NodeID = 1

// role is what a process runs.
type role struct {
	Node   sfaas.NodeID
	Folder string         // of the sockets
	Peers  []sfaas.NodeID // to dial
	Cells  []uint64       // whose units it owns
	Parts  []string       // of these cells
	Apart  bool           // how the chain is wired
	Spare  bool           // owns nothing, but is prepared for it
	Warm   bool           // has made the tables that all runtimes of a process share
	Alone  bool           // hears of blocks itself, and of nobody
	Polls  bool           // never sleeps
}

// nobody is the owner of units that have none yet.
const nobody sfaas.NodeID = 1 << 15

// owners are the options of every process: one, the radio as a rule, hears of blocks, and
// all else belongs to whoever says so.
func owners(id, hears sfaas.NodeID) []sfaas.Option {
	return []sfaas.Option{
		sfaas.WithNode(id), sfaas.WithDefaultOwner(nobody), sfaas.WithDefaultOwner(hears, "blocks"), sfaas.WithMode(sfaas.Replay),
		sfaas.WithWorkers(1), sfaas.WithLogger(slog.New(slog.DiscardHandler)),
	}
}

// socket is where a node listens.
func socket(folder string, node sfaas.NodeID) string {
	return filepath.Join(folder, strconv.Itoa(int(node)))
}

// work is the life of a process: it does what it is told on its standard input, and
// answers each line with one.
func work(text string) error {
	var r role
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return err
	}
	air, err := openAir()
	if err != nil {
		return err
	}
	c, err := newChain(air.cfg, r.Apart)
	if err != nil {
		return err
	}
	hears := radio
	if r.Alone {
		hears = r.Node
	}
	rt, err := sfaas.NewRuntime(c.app, append(owners(r.Node, hears), sfaas.WithSourceLimit(1<<16))...)
	if err != nil {
		return err
	}
	defer rt.Close()
	units, err := r.hold(c, rt)
	if err != nil {
		return err
	}
	if r.Warm {
		if _, err := hashBlocks(); err != nil {
			return err
		}
	}
	if !r.Alone {
		node, err := r.join(rt)
		if err != nil {
			return err
		}
		defer node.Close()
	}
	fmt.Println("ready")
	w := worker{air: air, chain: c, rt: rt, units: units, cells: r.Cells}
	return w.obey(os.Stdin)
}

// hold makes the process the owner of its units, or prepares it to be.
func (r *role) hold(c *chain, rt *sfaas.Runtime) ([]sfaas.Unit, error) {
	units, err := unitsOf(c, r.Cells, r.Parts)
	take := rt.Own
	if r.Spare {
		take = rt.Prepare
	}
	for _, u := range units {
		if err == nil {
			err = take(u)
		}
	}
	return units, err
}

// join links the process with its peers, and lets others dial it.
func (r *role) join(rt *sfaas.Runtime) (*peer.Node, error) {
	cfg := peer.Config{Logger: slog.New(slog.DiscardHandler)}
	if r.Polls {
		cfg.Dial = dialPolled
	}
	node, err := peer.New(rt, cfg)
	if err != nil {
		return nil, err
	}
	if r.Polls {
		err = listenPolled(node, socket(r.Folder, r.Node))
	} else {
		_, err = node.Listen("unix", socket(r.Folder, r.Node))
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, p := range r.Peers {
		if err == nil {
			_, err = node.Dial(ctx, "unix", socket(r.Folder, p))
		}
	}
	if err != nil {
		node.Close()
	}
	return node, err
}

// unitsOf returns the units of cells in parts.
func unitsOf(c *chain, cells []uint64, parts []string) ([]sfaas.Unit, error) {
	var units []sfaas.Unit
	for _, cell := range cells {
		for _, part := range parts {
			u, err := c.app.Unit(part, cellKey(cell))
			if err != nil {
				return nil, err
			}
			units = append(units, u)
		}
	}
	return units, nil
}

func cellKey(cell uint64) sfaas.Key { return block.CellKey(int(cell)) }

// worker is a process at work.
type worker struct {
	air   *air
	chain *chain
	rt    *sfaas.Runtime
	units []sfaas.Unit
	cells []uint64
	next  sfaas.Slot
}

// obey answers each line: with what the process has used, or at the end of what it is told
// to do.
func (w *worker) obey(in io.Reader) error {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		verb, arg, _ := strings.Cut(lines.Text(), " ")
		var err error
		switch verb {
		case "usage":
			fmt.Println(useOf(w.rt))
			continue
		case "play": // slots to itself, at a pace
			var u use
			if u, err = w.play(arg); err == nil {
				fmt.Println(u)
				continue
			}
		case "move":
			err = w.move(arg)
		case "own": // another cell
			var cell uint64
			if cell, err = strconv.ParseUint(arg, 10, 64); err == nil {
				_, err = (&role{Cells: []uint64{cell}, Parts: w.chain.parts}).hold(w.chain, w.rt)
			}
		case "claim":
			var epoch uint64
			if epoch, err = strconv.ParseUint(arg, 10, 32); err == nil {
				err = each(w.units, func(u sfaas.Unit) error { return w.rt.Claim(u, uint32(epoch)) })
			}
		default:
			err = fmt.Errorf("got %q, which nobody says", verb)
		}
		fmt.Println("done", strings.ReplaceAll(fmt.Sprint(err), "\n", "; "))
	}
	return nil
}

// play pushes slots of all cells at a pace, and returns the processor time of that and of
// what comes of it.
func (w *worker) play(arg string) (u use, err error) {
	var slots int
	var pause string
	if _, err := fmt.Sscan(arg, &slots, &pause); err != nil {
		return u, err
	}
	pace, err := time.ParseDuration(pause)
	if err != nil {
		return u, err
	}
	before := processorTime()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for range slots {
		<-tick.C
		for _, cell := range w.cells {
			if err := w.air.push(w.chain, w.rt, cellKey(cell), w.next); err != nil {
				return u, err
			}
		}
		w.next++
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err = w.rt.Drain(ctx)
	u.CPU = processorTime() - before
	return u, err
}

// move moves all units side by side: a move that feeds both owners takes as many slots as
// receivers remember, whatever else moves. It is told where to, and how long that may take.
func (w *worker) move(arg string) error {
	var to sfaas.NodeID
	var limit string
	if _, err := fmt.Sscan(arg, &to, &limit); err != nil {
		return err
	}
	longest, err := time.ParseDuration(limit)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	return each(w.units, func(u sfaas.Unit) error {
		_, err := w.rt.MoveUnit(ctx, u, to, sfaas.MoveConfig{Mode: sfaas.Fed})
		return err
	})
}

// each does something with all units side by side: a claim, too, holds at once, and returns
// only when all others have heard of it, or the lost ones not for a second.
func each(units []sfaas.Unit, do func(sfaas.Unit) error) error {
	errs := make([]error, len(units))
	var wait sync.WaitGroup
	for i, u := range units {
		wait.Go(func() { errs[i] = do(u) })
	}
	wait.Wait()
	return errors.Join(errs...)
}
