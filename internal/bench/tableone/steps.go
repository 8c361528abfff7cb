// SPDX-License-Identifier: Apache-2.0

package main

import "errors"

// step measures some rows of an open system.
type step struct {
	rows []string
	do   func(kind, *system) error
}

// steps are what is measured of an open system, in this order: first nothing happens, and then
// more and more does. What is compared between systems is noted in e.
func (b *bench) steps(e *energies) []step {
	return []step{
		{[]string{"scalability", "management"}, b.begins},
		{[]string{"memory", "cpu", "scalability", "energy", "datapath"}, func(k kind, s *system) error { return b.still(k, s, e) }},
		{[]string{"intensity"}, b.intensity},
		{[]string{"scalability"}, b.grows}, // before processes die: whoever owns something new tells the dead too, for a second
		{[]string{"maintenance"}, b.maintenance},
		{[]string{"reliability"}, b.reliability},
	}
}

// system opens a system and measures what it shows. Where a step goes wrong, nobody knows in
// what state it leaves the processes: the next one gets a system that is started anew.
func (b *bench) system(k kind, steps []step) (err error) {
	var s *system
	for _, x := range steps {
		if !b.wants(x.rows...) {
			continue
		}
		var failed error
		if s == nil {
			s, failed = b.ready(k)
		}
		if failed == nil {
			failed = x.do(k, s)
		}
		if failed != nil {
			b.misses(k, failed, x.rows...)
			if s != nil {
				err = errors.Join(err, s.close())
			}
			s = nil
		}
	}
	if s != nil {
		err = errors.Join(err, s.close())
	}
	return err
}

// ready starts a system that receives, and finds the pace if nobody has said it.
func (b *bench) ready(k kind) (*system, error) {
	s, err := open(k, b.cells)
	if err != nil {
		return nil, err
	}
	if err = s.warm(); err == nil {
		err = b.setPace(s)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// begins tells what it took to start the processes.
func (b *bench) begins(k kind, s *system) error {
	if b.wants("scalability") {
		b.put("scalability", k, "start of all processes", s.opened.Seconds(), "s")
	}
	if b.wants("management") {
		b.put("management", k, "to make and link a process, the unit of what is granted", s.opened.Seconds()*1e6/float64(len(s.procs)), "µs")
	}
	return nil
}

// still plays slots while nothing happens.
func (b *bench) still(k kind, s *system, e *energies) error {
	if s.bare != nil {
		b.put("cpu", k, "processes have no control group: "+s.bare.Error(), 0, "")
	}
	r, err := s.play(b.slots, b.pace)
	if err != nil {
		return err
	}
	b.steady(k, s, &r)
	if b.wants("energy") {
		return b.energy(k, s, &r, e)
	}
	return nil
}

// maintenance changes the version of a function while slots come.
func (b *bench) maintenance(k kind, s *system) error {
	r, took, err := s.amid(b.around(), b.pace, func() error { return s.swap(b.pace) })
	if err != nil {
		return err
	}
	b.put("maintenance", k, "to change the version of a function", took.Seconds(), "s")
	b.put("maintenance", k, "transmissions lost by it", float64(r.lost()), "")
	return nil
}

// reliability kills a process while slots come.
func (b *bench) reliability(k kind, s *system) error {
	r, _, err := s.amid(b.around(), b.pace, s.crash)
	if err != nil {
		return err
	}
	b.put("reliability", k, "longest time without a block after kill -9", float64(r.gap.Microseconds())/1e3, "ms")
	b.put("reliability", k, "transmissions lost by it", float64(r.lost()), "")
	return nil
}

// around returns how many slots are played around a change, half of them before it.
func (b *bench) around() int { return max(b.slots/2, 20) }

// grows adds a cell.
func (b *bench) grows(k kind, s *system) error {
	took, err := s.addCell()
	if err != nil {
		return err
	}
	b.put("scalability", k, "one more cell, until its first block", took.Seconds(), "s")
	return nil
}
