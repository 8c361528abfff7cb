// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// intensity sends slots four times as fast for a quarter of a second, and tells how long
// after that slots are late: longer on their way than four times the usual.
func (b *bench) intensity(k kind, s *system) error {
	usual, err := s.play(max(20, min(100, int(time.Second/b.pace))), b.pace)
	if err != nil {
		return err
	}
	if usual.p50 == 0 {
		return errors.New("no block comes")
	}
	const long = 4 * time.Second
	var over time.Time
	r, err := s.measure(func(r *run) error {
		if err := s.push(r, max(8, int(time.Second/b.pace)), b.pace/4); err != nil {
			return err
		}
		over = time.Now()
		return s.push(r, int(long/b.pace), b.pace)
	})
	if err != nil {
		return err
	}
	if r.passed == 0 {
		return errors.New("no block comes any more")
	}
	b.put("intensity", k, "after a quarter of a second of four times the load, until blocks take as long as before",
		float64(s.recovered(over, 4*usual.p50, long).Microseconds())/1e3, "ms")
	b.put("intensity", k, "transmissions lost by it", float64(r.lost()), "")
	return nil
}

// recovered returns how long after a time the first slot was sent since when no more than
// one in a hundred was longer on its way than a bound; or the longest time that was looked
// at.
func (s *system) recovered(since time.Time, bound, longest time.Duration) time.Duration {
	s.mu.Lock()
	all := slices.DeleteFunc(slices.Clone(s.took), func(f flight) bool { return f.at.Before(since) })
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b flight) int { return b.at.Compare(a.at) }) // newest first
	late := 0
	for i, f := range all {
		if f.took > bound {
			late++
		}
		if late > len(all)/100 {
			all = all[:i]
			break
		}
	}
	if len(all) == 0 {
		return longest
	}
	return all[len(all)-1].at.Sub(since)
}

// victim is the process that is changed or killed, of a cell that gets slots: that of decoding,
// or the only one.
func (s *system) victim() *process {
	for _, p := range s.procs {
		plays := p.role.Cells[0] <= uint64(s.cells)
		if plays && (!s.kind.apart() || strings.Contains(p.role.Parts[0], "decode")) {
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
//
// A move that feeds both owners takes as many slots as receivers remember, some 140, however
// far apart they come.
func (s *system) swap(pace time.Duration) error {
	old := s.victim()
	if s.kind != node {
		return s.crash()
	}
	fresh, err := s.successor(old)
	if err != nil {
		return err
	}
	const atMost = 1000 // slots, beside a minute
	if err := old.do(fmt.Sprintf("move %d %v", fresh.role.Node, time.Minute+atMost*pace)); err != nil {
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

// addCell starts one more cell and returns how long it takes until its first block. After that
// it gets no slots any more: the other rows are of as many cells as before.
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
	defer func() { s.cells-- }()
	key := cellKey(cell)
	s.mu.Lock()
	s.await, s.came = key, time.Time{}
	s.mu.Unlock()
	for time.Since(begin) < 30*time.Second {
		if _, err := s.send(); err != nil && !errors.Is(err, sfaas.ErrBusy) {
			return 0, err
		}
		time.Sleep(s.slow())
		s.mu.Lock()
		came := s.came
		s.mu.Unlock()
		if !came.IsZero() {
			return came.Sub(begin), nil
		}
	}
	return 0, errors.New("no block in half a minute")
}
