// SPDX-License-Identifier: Apache-2.0

// Command edge runs uplink cells on a few nodes, each a process of its own, and shows what
// the nodes do about it: they put the cells together so that some nodes can sleep, one node is
// killed and standbys go on with its cells, and one is drained.
//
//	go run ./examples/edge -nodes 5 [-cells N] [-minutes M] [-json]
//
// The radio is this process: it repeats the recording that is part of the library for every
// cell, a slot per millisecond, and receives the blocks. A line per second says where cells are, how many blocks have
// come with and without a CRC that holds, and what the nodes take by their power models. The
// nodes find each other by gossip.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/neuroran/neuroran/placement"
	"github.com/neuroran/neuroran/sfaas"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := error(nil)
	if text := os.Getenv(roleEnv); text != "" {
		err = serve(text)
	} else {
		err = run(ctx, os.Args[1:], os.Stdout)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "edge:", err)
		os.Exit(1)
	}
}

// result is what a run has come to.
type result struct {
	Nodes     int     `json:"nodes"`
	Cells     int     `json:"cells"`
	Blocks    int     `json:"blocks"`      // that should have come
	Lost      int     `json:"blocks_lost"` // of those, with a CRC that fails or not at all
	KillMS    float64 `json:"kill_ms"`     // from the loss of a node until each of its cells had another owner, as the radio knows it
	DrainMS   float64 `json:"drain_ms"`    // from the request until the node was empty and gone
	SpreadW   float64 `json:"spread_w"`    // modelled, with cells on all nodes
	SettledW  float64 `json:"settled_w"`   // modelled, when nodes had put them together; 0 if they had not
	SettledMS float64 `json:"settled_ms"`  // how long they took
	FinalW    float64 `json:"final_w"`     // modelled, at the end, with two nodes less
	Joules    float64 `json:"joules"`      // modelled, over the whole run
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	f := flag.NewFlagSet("edge", flag.ContinueOnError)
	nodes := f.Int("nodes", 5, "processes that cells run on, from 3")
	cells := f.Int("cells", 3, "cells, from 1")
	minutes := f.Float64("minutes", 0.5, "length of the run")
	asJSON := f.Bool("json", false, "write one JSON object at the end, and no table")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *nodes < 3 || *nodes > 50 || *cells < 1 || *cells > 100 || !(*minutes >= 0.2 && *minutes <= 1e4) {
		return fmt.Errorf("nodes must be 3 to 50, cells 1 to 100, minutes 0.2 to 10000")
	}
	table := out
	if *asJSON {
		table = io.Discard
	}
	z, err := open(ctx, *nodes, *cells, table)
	defer func() { err = errors.Join(err, z.close()) }()
	if err != nil {
		return err
	}
	r, err := z.act(ctx, time.Duration(*minutes*float64(time.Minute)))
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	fmt.Fprintf(out, "%d of %d blocks lost; killed: %.0f ms, drained: %.0f ms; %.0f W with spread cells, %.0f W at the end, %.0f J, all modelled\n",
		r.Lost, r.Blocks, r.KillMS, r.DrainMS, r.SpreadW, r.FinalW, r.Joules)
	if r.SettledW > 0 {
		fmt.Fprintf(out, "cells came together within %.1f s: %.0f W\n", r.SettledMS/1000, r.SettledW)
	}
	return nil
}

// act is the story: cells are spread, come together, lose a node, and leave another one.
func (z *zone) act(ctx context.Context, length time.Duration) (r result, err error) {
	begin := time.Now()
	r.Nodes, r.Cells = len(z.others), len(z.cells)
	if err := z.spread(ctx); err != nil {
		return r, err
	}
	r.SpreadW, begin = z.watts(), time.Now()
	z.say("cells are spread")
	for settled := time.Duration(0); time.Since(begin) < length*2/5; {
		if err := z.watch(ctx); err != nil {
			return r, err
		}
		if w := z.watts(); w < r.SpreadW && (r.SettledW == 0 || w < 0.99*r.SettledW) {
			r.SettledW, settled = w, time.Since(begin)
			r.SettledMS = float64(settled.Milliseconds())
		}
	}
	z.say("killing node %d", z.busiest())
	if r.KillMS, err = z.kill(ctx, z.busiest()); err != nil {
		return r, err
	}
	for time.Since(begin) < length*7/10 {
		if err := z.watch(ctx); err != nil {
			return r, err
		}
	}
	z.say("draining node %d", z.busiest())
	if r.DrainMS, err = z.drain(ctx, z.busiest()); err != nil {
		return r, err
	}
	for time.Since(begin) < length {
		if err := z.watch(ctx); err != nil {
			return r, err
		}
	}
	r.FinalW, r.Joules = z.watts(), z.joules
	r.Blocks, r.Lost = z.count()
	return r, nil
}

// pace is from slot to slot. The radio of the recording has slots of half a millisecond, which
// a shared machine of two processors does not keep with six processes.
const pace = time.Millisecond

// spec is how cells are deployed, at every node.
func spec() placement.Spec {
	return placement.Spec{Unit: sfaas.KindCell, Slot: pace, SLA: placement.SLA{Deadline: 20 * pace, Quantile: 0.99, Standbys: 1}}
}
