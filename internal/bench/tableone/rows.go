// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// rows of Table I, in its order.
var rows = []string{
	"memory", "cpu", "scalability", "maintenance", "intensity", "energy", "composability", "independence", "management", "datapath", "reliability",
}

// figure is one value of one row.
type figure struct {
	Row    string  `json:"row"`
	System string  `json:"system"`
	Cells  int     `json:"cells"`
	What   string  `json:"what"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Err    string  `json:"error,omitempty"` // why it could not be measured; then there is no value
}

// bench measures the rows of Table I for one number of cells.
type bench struct {
	cells int
	kinds []kind        // systems
	fixed bool          // somebody has said the pace
	pace  time.Duration // between slots; 0 until it is known
	slots int           // of a run; 0 until the pace is known
	only  []string      // rows; none for all
	tell  func(figure)

	missed int // rows of systems that could not be measured
}

// wants reports whether one of some rows is asked for.
func (b *bench) wants(rows ...string) bool {
	return len(b.only) == 0 || slices.ContainsFunc(rows, func(row string) bool { return slices.Contains(b.only, row) })
}

func (b *bench) put(row string, k kind, what string, value float64, unit string) {
	b.tell(figure{Row: row, System: string(k), Cells: b.cells, What: what, Value: value, Unit: unit})
}

// misses tells why rows of a system could not be measured, if there is an error.
func (b *bench) misses(k kind, err error, rows ...string) {
	if err == nil {
		return
	}
	for _, row := range rows {
		if b.wants(row) {
			b.missed++
			b.tell(figure{Row: row, System: string(k), Cells: b.cells, Err: err.Error()})
		}
	}
}

// all measures every row of every system. The costliest system that sleeps is the first,
// since the pace that all have follows from what it takes. Processes that poll come last,
// and for one cell only: those of more would be in each other's way, and show nothing else.
//
// A row that cannot be measured says why, and the next one comes; the error at the end
// counts them.
func (b *bench) all() error {
	e := energies{spent: map[kind]spent{}}
	var err error
	for _, k := range b.kinds {
		if closed := b.system(k, b.steps(&e)); closed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", k, closed))
		}
	}
	b.factors(&e)
	for _, x := range []struct {
		row string
		do  func() error
	}{{"independence", b.independence}, {"composability", b.composability}, {"management", b.management}} {
		if b.wants(x.row) {
			b.misses(node, x.do(), x.row)
		}
	}
	if b.missed > 0 {
		err = errors.Join(err, fmt.Errorf("%d rows could not be measured", b.missed))
	}
	return err
}

// load is how much of this machine the slots may take, radio and receivers together.
const load = 0.7

// setPace finds the time between slots, if nobody has said it, and how many are a run. Nine
// processes that poll have fewer processors here than they want, and so a longer time.
func (b *bench) setPace(s *system) error {
	switch {
	case b.fixed:
	case s.kind == polling:
		b.pace = max(b.pace, s.slow())
		if err := b.keepPace(s); err != nil {
			return err
		}
		b.fixed = true
		b.put("cpu", s.kind, "time between slots that this one keeps on these processors", float64(b.pace.Microseconds())/1e3, "ms")
	case b.pace == 0:
		r, err := s.play(2*len(s.air.slots), s.slow())
		if err != nil {
			return err
		}
		// What the radio takes is of this machine's load, too.
		b.pace = paceFor((r.cpu + r.radio) / time.Duration(r.slots))
		if err := b.keepPace(s); err != nil {
			return err
		}
		b.put("cpu", s.kind, fmt.Sprintf("time between slots, at which this one loads the machine by at most %.0f %%", 100*load), float64(b.pace.Microseconds())/1e3, "ms")
	}
	if b.slots == 0 {
		const long, most = 6 * time.Second, 400
		b.slots = min(most, max(2*len(s.air.slots), int(long/b.pace)))
	}
	return nil
}

// keepPace doubles the time between slots until none is lost, where the machine has other
// things to do.
func (b *bench) keepPace(s *system) error {
	for range 4 {
		r, err := s.play(2*len(s.air.slots), b.pace)
		if err != nil || r.lost() == 0 {
			return err
		}
		b.pace *= 2
	}
	return nil
}

// paceFor returns the time between slots at which the processors of this machine are
// loaded by at most 70 %, if a slot of all cells takes so much of their time.
func paceFor(cost time.Duration) time.Duration {
	const step = 500 * time.Microsecond
	pace := time.Duration(float64(cost) / (load * float64(runtime.NumCPU())))
	return max((pace + step - 1).Truncate(step), step)
}

// steady tells what a run shows in which nothing happens.
func (b *bench) steady(k kind, s *system, r *run) {
	slots := float64(r.slots * s.cells)
	cpu, busy := float64(r.cpu.Nanoseconds())/1e3/slots, float64(r.busy.Nanoseconds())/1e3/slots
	if b.wants("memory") {
		b.put("memory", k, "proportional set size of all processes", float64(r.pss)/(1<<20), "MiB")
	}
	if b.wants("cpu") {
		b.put("cpu", k, "processor time of a slot and cell", cpu, "µs")
		b.put("cpu", k, "wall time in handlers, with all that interrupts them", busy, "µs")
		b.put("cpu", k, "transmissions without a block", 100*float64(r.lost())/float64(r.sent), "%")
		b.put("cpu", k, "load of this machine, radio and receivers", 100*(r.cpu+r.radio).Seconds()/r.wall.Seconds()/float64(runtime.NumCPU()), "%")
	}
	switch {
	case !b.wants("scalability"):
	case k == polling:
		b.put("scalability", k, "cells on one core, which one function fills", 1/float64(len(s.procs)), "cells")
	default:
		b.put("scalability", k, "cells on one core, by processor time at 70 % load", load*s.air.period*1e6/cpu, "cells")
	}
	if b.wants("datapath") {
		b.put("datapath", k, "payload from process to process in a slot", float64(r.remote)/slots/1024, "KiB")
		b.put("datapath", k, "samples to first block, p50", float64(r.p50.Nanoseconds())/1e3, "µs")
		b.put("datapath", k, "samples to first block, p99", float64(r.p99.Nanoseconds())/1e3, "µs")
	}
}

// composability tells what can be replaced alone, and what it takes.
func (b *bench) composability() error {
	text, err := os.ReadFile(filepath.Join(testvec.Root(), "examples", "extend", "main.go"))
	if err != nil {
		return err
	}
	functions := float64(reflect.TypeFor[uplink.Steps]().NumField())
	b.put("composability", node, "functions replaceable alone", functions, "functions")
	b.put("composability", node, "lines of examples/extend, which replaces one and adds another", float64(strings.Count(string(text), "\n")), "lines")
	b.put("composability", cellwise, "functions replaceable alone", 0, "functions")
	b.put("composability", function, "functions replaceable alone", functions, "functions")
	return nil
}

// management tells what the smallest lease is and what it takes to grant one, beside
// making a process.
func (b *bench) management() error {
	table, err := resource.NewTable(resource.Discover())
	if err != nil {
		return err
	}
	request := resource.Request{Need: resource.Need{CPU: 1, Memory: 1 << 20}, TTL: time.Second}
	const times = 10_000
	begin := time.Now()
	for range times {
		lease, err := table.Grant(sfaas.Now(), request)
		if err != nil {
			return err
		}
		table.Release(lease.ID)
	}
	b.put("management", node, "to grant and release a lease", float64(time.Since(begin).Nanoseconds())/1e3/times, "µs")
	b.put("management", node, "smallest lease of processor time", float64(request.Need.CPU)/1000, "cores")
	return nil
}
