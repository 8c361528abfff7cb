// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// kind is how the receivers of cells are spread over processes.
type kind string

// Kinds, beside the radio, which is a process of its own for all of them.
const (
	node     kind = "neuroran"  // one process for all cells and functions
	cellwise kind = "cell"      // one process for each cell, the strong baseline
	function kind = "functions" // one process for each function of each cell
	polling  kind = "polling"   // the same, whose processes never sleep
)

// apart reports whether each function is a process of its own.
func (k kind) apart() bool { return k == function || k == polling }

// system is the radio, and the processes that receive for it.
type system struct {
	kind   kind
	cells  int
	air    *air
	chain  *chain
	rt     *sfaas.Runtime
	node   *peer.Node
	folder string
	procs  []*process
	next   sfaas.NodeID
	opened time.Duration     // what it took to start all processes and link them
	slot   int               // next
	epoch  uint32            // of the last claim
	bare   error             // why processes of functions have no control group
	gone   chan sfaas.NodeID // connections that are lost

	mu     sync.Mutex
	sent   map[stamp]time.Time // samples on their way
	took   []flight            // of the slots of which a block has come, in that order
	passed int
	last   time.Time     // of a block whose CRC is right
	gap    time.Duration // longest between two of them
	await  sfaas.Key     // a cell of which the first block is waited for
	came   time.Time     // when that came
}

// stamp is one slot of one cell.
type stamp struct {
	key  sfaas.Key
	slot sfaas.Slot
}

// flight is the way of one slot of one cell: from its samples to its first block. The
// others of the slot have waited for that one.
type flight struct {
	at   time.Time // of the samples
	took time.Duration
}

// open starts a system and returns when all is linked.
func open(k kind, cells int) (*system, error) {
	begin := time.Now()
	a, err := openAir()
	if err != nil {
		return nil, err
	}
	s := &system{kind: k, cells: cells, air: a, next: radio + 1, epoch: 1000, sent: map[stamp]time.Time{}, gone: make(chan sfaas.NodeID, 256)}
	if s.folder, err = os.MkdirTemp("", "tableone"); err != nil {
		return nil, err
	}
	if s.chain, err = newChain(a.cfg, k.apart()); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.folder))
	}
	s.rt, err = sfaas.NewRuntime(s.chain.app, append(owners(radio, radio), sfaas.WithSourceLimit(1<<16), sfaas.WithOutput(s.chain.out, s.hear))...)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.folder))
	}
	s.node, err = peer.New(s.rt, peer.Config{Logger: slog.New(slog.DiscardHandler), OnEvent: s.event})
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	if _, err = s.node.Listen("unix", socket(s.folder, radio)); err == nil {
		err = s.startAll()
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.opened = time.Since(begin)
	return s, nil
}

// all returns the numbers of all cells, from 1 on.
func (s *system) all() []uint64 {
	all := make([]uint64, s.cells)
	for i := range all {
		all[i] = uint64(i) + 1
	}
	return all
}

// startAll starts the processes of all cells.
func (s *system) startAll() error {
	all := s.all()
	if s.kind == node {
		_, err := s.start(role{Cells: all, Parts: s.chain.parts})
		return err
	}
	for i := range all {
		if err := s.startCell(all[i : i+1]); err != nil {
			return err
		}
	}
	return nil
}

// startCell starts the processes of one cell: those of functions dial each other.
func (s *system) startCell(cell []uint64) error {
	if !s.kind.apart() {
		_, err := s.start(role{Cells: cell, Parts: s.chain.parts})
		return err
	}
	var peers []sfaas.NodeID
	for _, part := range s.chain.parts {
		p, err := s.start(role{Cells: cell, Parts: []string{part}, Peers: slices.Clone(peers)})
		if err != nil {
			return err
		}
		peers = append(peers, p.role.Node)
	}
	return nil
}

// event hears of connections.
func (s *system) event(e peer.Event) {
	if e.Kind == peer.Lost {
		select {
		case s.gone <- e.Node:
		default: // nobody waits
		}
	}
}

// close ends everything.
func (s *system) close() error {
	end(s.procs)
	err := s.rt.Close()
	if s.node != nil {
		err = errors.Join(err, s.node.Close())
	}
	return errors.Join(err, os.RemoveAll(s.folder))
}

// hear takes a transport block.
func (s *system) hear(h sfaas.Header, tb *block.TransportBlock) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := s.sent[stamp{h.Key.Root(), h.Slot}]; ok {
		s.took = append(s.took, flight{at, now.Sub(at)})
		delete(s.sent, stamp{h.Key.Root(), h.Slot})
	}
	if tb.CRC {
		s.passed++
		if !s.last.IsZero() {
			s.gap = max(s.gap, now.Sub(s.last))
		}
		s.last = now
		if h.Key.Root() == s.await && s.came.IsZero() {
			s.came = now
		}
	}
}

// send hands the next slot of all cells over, of which transmissions come.
func (s *system) send() (transmissions int, err error) {
	n := sfaas.Slot(s.slot)
	for cell := range s.cells {
		key := cellKey(uint64(cell) + 1)
		if s.air.grants(n) > 0 {
			s.mu.Lock()
			s.sent[stamp{key, n}] = time.Now()
			s.mu.Unlock()
		}
		err = errors.Join(err, s.air.push(s.chain, s.rt, key, n))
		transmissions += s.air.grants(n)
	}
	s.slot++
	return transmissions, err
}

// claim lets a process take over.
func (s *system) claim(p *process) error {
	s.epoch++
	return p.do(fmt.Sprintf("claim %d", s.epoch))
}
