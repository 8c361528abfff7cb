// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
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
}

// nobody is the owner of units that have none yet.
const nobody sfaas.NodeID = 1 << 15

// owners are the options of every process: the radio hears of blocks, and all else belongs
// to whoever says so.
func owners(id sfaas.NodeID) []sfaas.Option {
	return []sfaas.Option{
		sfaas.WithNode(id), sfaas.WithDefaultOwner(nobody), sfaas.WithDefaultOwner(radio, "blocks"), sfaas.WithMode(sfaas.Replay),
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
	rt, err := sfaas.NewRuntime(c.app, owners(r.Node)...)
	if err != nil {
		return err
	}
	defer rt.Close()
	units, err := unitsOf(c, r.Cells, r.Parts)
	if err != nil {
		return err
	}
	for _, u := range units {
		if r.Spare {
			err = rt.Prepare(u)
		} else {
			err = rt.Own(u)
		}
		if err != nil {
			return err
		}
	}
	if r.Warm {
		if _, err := hashBlocks(); err != nil {
			return err
		}
	}
	node, err := peer.New(rt, peer.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer node.Close()
	if _, err := node.Listen("unix", socket(r.Folder, r.Node)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, p := range r.Peers {
		if _, err := node.Dial(ctx, "unix", socket(r.Folder, p)); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	return obey(os.Stdin, c, rt, units)
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

// obey answers each line: what the process has used, or the end of a move or a claim.
func obey(in io.Reader, c *chain, rt *sfaas.Runtime, units []sfaas.Unit) error {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		verb, arg, _ := strings.Cut(lines.Text(), " ")
		var err error
		switch verb {
		case "usage":
			fmt.Println(useOf(rt))
			continue
		case "move":
			var to int
			if to, err = strconv.Atoi(arg); err == nil {
				err = moveAll(rt, units, sfaas.NodeID(to))
			}
		case "own": // another cell
			var cell uint64
			if cell, err = strconv.ParseUint(arg, 10, 64); err == nil {
				err = ownCell(c, rt, cell)
			}
		case "claim":
			var epoch uint64
			epoch, err = strconv.ParseUint(arg, 10, 32)
			for _, u := range units {
				if err == nil {
					err = rt.Claim(u, uint32(epoch))
				}
			}
		}
		fmt.Println("done", err)
	}
	return nil
}

// ownCell makes the process the owner of all of another cell.
func ownCell(c *chain, rt *sfaas.Runtime, cell uint64) error {
	units, err := unitsOf(c, []uint64{cell}, c.parts)
	for _, u := range units {
		if err == nil {
			err = rt.Own(u)
		}
	}
	return err
}

func moveAll(rt *sfaas.Runtime, units []sfaas.Unit, to sfaas.NodeID) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, u := range units {
		if _, err := rt.MoveUnit(ctx, u, to, sfaas.MoveConfig{Mode: sfaas.Fed}); err != nil {
			return err
		}
	}
	return nil
}

// use is what a process has used since it began.
type use struct {
	CPU    time.Duration // user and system
	Busy   time.Duration // of its handlers
	PSS    int64         // bytes now
	Remote uint64        // payload bytes that have come from other processes
}

func (u use) String() string {
	b, err := json.Marshal(u)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func useOf(rt *sfaas.Runtime) use {
	var u use
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) == nil {
		u.CPU = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	for _, f := range rt.Stats() {
		u.Busy += f.Busy
		u.Remote += f.Remote
	}
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		return u
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "Pss:" {
			kb, _ := strconv.ParseInt(f[1], 10, 64) // 0 is shown as such
			u.PSS = kb << 10
		}
	}
	return u
}
