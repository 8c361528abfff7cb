// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/placement/resource"
)

// edge is the node to which joules are charged: an edge server of 16 cores.
var edge = resource.PowerModel{SleepWatts: 5, IdleWatts: 45, BusyWatts: 110}

// edgeCores is how many cores it has.
const edgeCores = 16

// energies are what the factors between systems are made of: processor time of a slot of a
// cell.
type energies struct {
	alone time.Duration // of the functions, which send nothing to other processes
	spent map[kind]spent
}

// spent is what a slot of a cell takes in one system.
type spent struct {
	all, rest time.Duration // and what is used when there are no slots
	lost      float64       // share of transmissions
	remote    float64       // payload between processes in KiB
	processes int           // of a cell
}

// energy tells joules for each decoded Mbit: use, and the part of the idle power that the
// reserved cores have, at 70 % load. The band is for idle power of 10 to 60 % of busy. A
// core that is polled is never idle.
func (b *bench) energy(k kind, s *system, r *run, e *energies) error {
	bits := 0.0
	for i := range s.air.schedules {
		for _, g := range s.air.schedules[i].Grants {
			bits += float64(g.TBS())
		}
	}
	mbit := bits / float64(s.air.blocks) * float64(r.passed) / 1e6
	joules := func(idle float64) float64 { return coreWatts(k, idle) * r.cpu.Seconds() / mbit }
	b.put("energy", k, "processor time for a decoded Mbit", r.cpu.Seconds()/mbit, "s")
	b.put("energy", k, "modelled, idle 41 % of busy", joules(edge.IdleWatts), "J/Mbit")
	b.put("energy", k, "modelled, idle 10 % of busy", joules(0.1*edge.BusyWatts), "J/Mbit")
	b.put("energy", k, "modelled, idle 60 % of busy", joules(0.6*edge.BusyWatts), "J/Mbit")

	rest, err := s.rest(2 * time.Second)
	if err != nil {
		return err
	}
	if k == node {
		if e.alone, err = s.alone(b.slots, b.pace); err != nil {
			return err
		}
	}
	e.spent[k] = spent{
		all: r.perSlot(s.cells), rest: time.Duration(rest.cpu.Seconds() / rest.wall.Seconds() * float64(b.pace) / float64(s.cells)),
		lost: float64(r.lost()) / float64(r.sent), remote: float64(r.remote) / float64(r.slots*s.cells) / 1024,
		processes: max(1, len(s.procs)/s.cells),
	}
	return nil
}

// coreWatts returns what a core takes while it is used, where its node takes so many watts
// idle. The idle power of what is reserved and not used is charged to it, at 70 % load; a
// core that is polled is used all the time.
func coreWatts(k kind, idle float64) float64 {
	if k == polling {
		return edge.BusyWatts / edgeCores
	}
	return (edge.BusyWatts-idle)/edgeCores + idle/edgeCores/load
}

// factors tells in a line for each system what makes up its joules over those of one
// process. All have the same functions, blocks and node, and reserve as much as they use,
// so that idle power is in the joules of all alike: a factor is one of processor time.
//
// What processes at rest take, heartbeats above all, is a share of the time between slots and
// not of slots: at a longer pace there is more of it. So the factor is told without it too.
func (b *bench) factors(e *energies) {
	one, ok := e.spent[node]
	if !ok {
		return
	}
	for _, k := range b.kinds {
		x, ok := e.spent[k]
		switch {
		case !ok:
			continue
		case k == polling:
			b.polls(&x, &one)
			continue
		}
		times := func(d time.Duration) float64 { return d.Seconds() / one.all.Seconds() }
		b.put("energy", k, fmt.Sprintf("times the joules of one process = %.2f the functions alone + %.2f messages with other processes (%.0f KiB, and what they push out of the caches) + %.2f processes at rest; idle power adds no factor",
			times(e.alone), times(x.all-x.rest-e.alone), x.remote, times(x.rest)), times(x.all), "×")
		b.put("energy", k, "times the joules of one process, processes at rest left out of both", (x.all-x.rest).Seconds()/(one.all-one.rest).Seconds(), "×")
		b.put("energy", k, "processor time of a slot and cell that processes at rest take, at this pace", float64(x.rest.Nanoseconds())/1e3, "µs")
	}
	b.put("energy", node, "processor time of a slot and cell that the functions alone take", float64(e.alone.Nanoseconds())/1e3, "µs")
}

// polls tells the factors of processes that poll. What is measured has as many cores as
// this machine, for as long as a slot has at this pace, of which some of the slots get lost; by
// computation each process has a core of its own, for as long as a slot is on the air.
func (b *bench) polls(x, one *spent) {
	busy, core := coreWatts(polling, edge.IdleWatts), coreWatts(node, edge.IdleWatts)
	if x.lost < 1 {
		b.put("energy", polling, fmt.Sprintf("times the joules of one process for what is decoded, measured: %d processes share the processors of this machine with whatever else runs, in the %v between slots, and lose %.0f %%", x.processes, b.pace, 100*x.lost),
			x.all.Seconds()/(1-x.lost)*busy/(one.all.Seconds()*core), "×")
	}
	const onAir = 500 * time.Microsecond
	b.put("energy", polling, fmt.Sprintf("times the joules of one process, by computation: %d cores are busy all of the %v that a slot is on the air", x.processes, onAir),
		float64(x.processes)*onAir.Seconds()*busy/(one.all.Seconds()*core), "×")
}
