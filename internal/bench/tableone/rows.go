// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"time"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// figure is one value of one row.
type figure struct {
	Row    string  `json:"row"`
	System string  `json:"system"`
	Cells  int     `json:"cells"`
	What   string  `json:"what"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
}

// bench measures the rows of Table I for one number of cells.
type bench struct {
	cells int
	pace  time.Duration
	slots int
	only  string
	tell  func(figure)
}

// wants reports whether a row is asked for.
func (b *bench) wants(rows ...string) bool {
	for _, row := range rows {
		if b.only == "" || b.only == row {
			return true
		}
	}
	return false
}

func (b *bench) put(row string, k kind, what string, value float64, unit string) {
	b.tell(figure{row, string(k), b.cells, what, value, unit})
}

// all measures every row of every system.
func (b *bench) all() error {
	var steady [3]run
	for i, k := range kinds {
		if err := b.system(k, &steady[i]); err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
	}
	if b.wants("energy") {
		for i, k := range kinds {
			b.factor(k, &steady[i], &steady[0])
		}
	}
	if b.wants("independence") {
		if err := b.independence(); err != nil {
			return fmt.Errorf("independence: %w", err)
		}
	}
	if b.wants("composability") {
		b.put("composability", node, "functions replaceable alone", float64(reflect.TypeFor[uplink.Steps]().NumField()), "functions")
		b.put("composability", node, "lines of examples/extend, which replaces one and adds another", 78, "lines")
		b.put("composability", cellwise, "functions replaceable alone", 0, "functions")
		b.put("composability", function, "functions replaceable alone", float64(reflect.TypeFor[uplink.Steps]().NumField()), "functions")
	}
	if b.wants("management") {
		return b.management()
	}
	return nil
}

// system opens one system and measures what it shows.
func (b *bench) system(k kind, steady *run) error {
	if !b.wants("memory", "cpu", "scalability", "maintenance", "intensity", "energy", "datapath", "reliability") {
		return nil
	}
	begin := time.Now()
	s, err := open(k, b.cells)
	if err != nil {
		return err
	}
	opened := time.Since(begin)
	if s.bare != nil {
		b.put("cpu", k, "processes have no control group: "+s.bare.Error(), 0, "")
	}
	err = s.warm()
	if err == nil {
		*steady, err = s.play(b.slots, b.pace, nil)
	}
	if err == nil {
		if b.wants("scalability") {
			b.put("scalability", k, "start of all processes", opened.Seconds(), "s")
		}
		b.steady(k, s, steady)
		err = b.changes(k, s)
	}
	return errors.Join(err, s.close())
}

// steady tells what a run shows in which nothing happens.
func (b *bench) steady(k kind, s *system, r *run) {
	perSlot := float64(r.slots * s.cells)
	cpu, busy := float64(r.cpu.Nanoseconds())/1e3/perSlot, float64(r.busy.Nanoseconds())/1e3/perSlot
	if b.wants("memory") {
		b.put("memory", k, "proportional set size of all processes", float64(r.pss)/(1<<20), "MiB")
	}
	if b.wants("cpu") {
		b.put("cpu", k, "processor time of a slot and cell", cpu, "µs")
		b.put("cpu", k, "wall time in handlers, with all that interrupts them", busy, "µs")
		b.put("cpu", k, "transmissions without a block", 100*float64(r.lost())/float64(r.sent), "%")
	}
	if b.wants("scalability") {
		// Half of the budget of a slot is for what does not repeat evenly.
		b.put("scalability", k, "cells on one core, by processor time at 70 % load", 0.7*s.air.period*1e6/cpu, "cells")
	}
	if b.wants("datapath") {
		b.put("datapath", k, "payload from process to process in a slot", float64(r.remote)/perSlot/1024, "KiB")
		b.put("datapath", k, "samples to first block, p50", float64(r.p50.Nanoseconds())/1e3, "µs")
		b.put("datapath", k, "samples to first block, p99", float64(r.p99.Nanoseconds())/1e3, "µs")
	}
	if b.wants("energy") {
		b.energy(k, s, r)
	}
}

// edge is the node to which joules are charged: an edge server of 16 cores.
var edge = resource.PowerModel{SleepWatts: 5, IdleWatts: 45, BusyWatts: 110}

// edgeCores is how many cores it has.
const edgeCores = 16

// energy tells joules for each decoded Mbit: use, and the part of the idle power that the
// reserved cores have, at 70 % load. The band is for idle power of 10 to 60 % of busy.
func (b *bench) energy(k kind, s *system, r *run) {
	bits := 0.0
	for i := range s.air.schedules {
		for _, g := range s.air.schedules[i].Grants {
			bits += float64(g.TBS())
		}
	}
	mbit := bits / float64(s.air.blocks) * float64(r.passed) / 1e6
	joules := func(idle float64) float64 {
		core := (edge.BusyWatts-idle)/edgeCores + idle/edgeCores/0.7
		return core * r.cpu.Seconds() / mbit
	}
	b.put("energy", k, "processor time for a decoded Mbit", r.cpu.Seconds()/mbit, "s")
	b.put("energy", k, "modelled, idle 41 % of busy", joules(edge.IdleWatts), "J/Mbit")
	b.put("energy", k, "modelled, idle 10 % of busy", joules(0.1*edge.BusyWatts), "J/Mbit")
	b.put("energy", k, "modelled, idle 60 % of busy", joules(0.6*edge.BusyWatts), "J/Mbit")
}

// factor tells what makes up the energy of a system over that of one process: joules are
// processor time, so it is what messages between processes cost.
func (b *bench) factor(k kind, r, one *run) {
	if one.cpu == 0 || r.passed == 0 {
		return
	}
	perBlock := func(x *run) float64 { return x.cpu.Seconds() / float64(x.passed) }
	b.put("energy", k, "times the joules of one process for a block; what is above 1 is messages between processes", perBlock(r)/perBlock(one), "×")
	if k == function {
		// One core each, whatever there is to do, for as long as a slot is on the air.
		parts, period := float64(len(r.parts)), r.period
		perSlot := one.cpu.Seconds() / float64(one.slots*b.cells)
		b.put("energy", k, "the same if its processes polled, by computation: one core each all the time", parts*period/perSlot, "×")
	}
}

// changes tells what happens when something changes: load, cells, versions, deaths.
func (b *bench) changes(k kind, s *system) error {
	if b.wants("intensity") {
		if err := b.intensity(k, s); err != nil {
			return fmt.Errorf("intensity: %w", err)
		}
	}
	if b.wants("maintenance") {
		r, took, err := s.amid(b, s.swap)
		if err != nil {
			return fmt.Errorf("maintenance: %w", err)
		}
		b.put("maintenance", k, "to change the version of a function", took.Seconds(), "s")
		b.put("maintenance", k, "transmissions lost by it", float64(r.lost()), "")
	}
	if b.wants("reliability") {
		r, _, err := s.amid(b, s.crash)
		if err != nil {
			return fmt.Errorf("reliability: %w", err)
		}
		b.put("reliability", k, "longest time without a block after kill -9", float64(r.gap.Microseconds())/1e3, "ms")
		b.put("reliability", k, "transmissions lost by it", float64(r.lost()), "")
	}
	if b.wants("scalability") {
		took, err := s.addCell()
		if err != nil {
			return fmt.Errorf("scalability: %w", err)
		}
		b.put("scalability", k, "one more cell, until its first block", took.Seconds(), "s")
	}
	return nil
}

// intensity sends slots four times as fast for a quarter of a second, and tells how long
// after that blocks are late: longer than four times the usual on their way.
func (b *bench) intensity(k kind, s *system) error {
	usual, err := s.play(100, b.pace, nil)
	if err != nil {
		return err
	}
	burst := int(time.Second / b.pace)
	if _, err := s.play(max(burst, 8), b.pace/4, nil); err != nil && !errors.Is(err, sfaas.ErrBusy) {
		return err
	}
	begin := time.Now()
	for time.Since(begin) < 10*time.Second {
		after, err := s.play(20, b.pace, nil)
		if err != nil {
			return err
		}
		if after.p50 > 0 && after.p50 <= 4*usual.p50 {
			break
		}
	}
	b.put("intensity", k, "after a quarter of a second of four times the load, until blocks take as long as before", float64(time.Since(begin).Milliseconds()), "ms")
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
	b.put("management", node, "smallest lease of processor time", 0.001, "cores")
	return nil
}

// amid plays slots with a change in their midst, and returns how long that took.
func (s *system) amid(b *bench, change func() error) (run, time.Duration, error) {
	var took time.Duration
	r, err := s.play(max(b.slots, int(3*time.Second/b.pace)), b.pace, func() error {
		begin := time.Now()
		err := change()
		took = time.Since(begin)
		return err
	})
	return r, took, err
}

// victim is the process that is changed or killed: that of decoding, or the only one.
func (s *system) victim() *process {
	for _, p := range s.procs {
		if s.kind != function || strings.Contains(p.role.Parts[0], "decode") {
			return p
		}
	}
	return s.procs[0]
}

// successor starts the process that takes the place of another one.
func (s *system) successor(p *process) (*process, error) {
	r := p.role
	// A standby has time before it is needed; who is started after a death has none.
	r.Spare, r.Warm = true, s.kind == node
	r.Peers = nil
	for _, other := range s.procs {
		if other.role.Cells[0] == r.Cells[0] {
			r.Peers = append(r.Peers, other.role.Node)
		}
	}
	return s.start(r)
}

// swap brings a new version of a function into service. Here the new process is there
// before the old one goes, and units move; for the baselines the container is replaced.
func (s *system) swap() error {
	old := s.victim()
	if s.kind != node {
		return s.crash()
	}
	fresh, err := s.successor(old)
	if err != nil {
		return err
	}
	if err := old.do(fmt.Sprintf("move %d", fresh.role.Node)); err != nil {
		return err
	}
	s.kill(old)
	return nil
}

// crash kills a process and brings its units back. Here a prepared standby claims them
// when the radio's connection is lost; for the baselines a new process is made.
func (s *system) crash() error {
	p := s.victim()
	if s.kind != node {
		s.kill(p)
		next, err := s.successor(p)
		if err != nil {
			return err
		}
		return s.claim(next)
	}
	next, err := s.successor(p)
	if err != nil {
		return err
	}
	s.kill(p)
	for {
		select {
		case id := <-s.gone:
			if id == p.role.Node {
				return s.claim(next)
			}
		case <-time.After(5 * time.Second):
			return errors.New("nobody notices the death of a process")
		}
	}
}

// claim lets a process take over.
func (s *system) claim(p *process) error {
	s.epoch++
	return p.do(fmt.Sprintf("claim %d", s.epoch))
}

// addCell starts one more cell and returns how long it takes until its first block.
func (s *system) addCell() (time.Duration, error) {
	begin := time.Now()
	cell := uint64(s.cells) + 1
	var err error
	if s.kind == node {
		err = s.procs[0].do(fmt.Sprintf("own %d", cell))
	} else {
		err = s.startCell([]uint64{cell})
	}
	if err != nil {
		return 0, err
	}
	s.cells++
	key := cellKey(cell)
	s.mu.Lock()
	s.await, s.came = key, time.Time{}
	s.mu.Unlock()
	for time.Since(begin) < 10*time.Second {
		if _, err := s.send(); err != nil {
			return 0, err
		}
		time.Sleep(4 * time.Millisecond * time.Duration(s.cells))
		s.mu.Lock()
		came := s.came
		s.mu.Unlock()
		if !came.IsZero() {
			return came.Sub(begin), nil
		}
	}
	return 0, errors.New("no block in ten seconds")
}

// paceFor returns the time between slots at which the processors of this machine are
// loaded by at most 70 %, if a slot takes so long in the costliest system.
func paceFor(cells int, cost time.Duration) time.Duration {
	pace := time.Duration(float64(cost) * float64(cells) / (0.7 * float64(runtime.NumCPU())))
	return max(pace.Round(500*time.Microsecond), 500*time.Microsecond)
}
