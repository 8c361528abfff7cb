// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
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
)

var kinds = []kind{node, cellwise, function}

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
	slot   int               // next
	epoch  uint32            // of the last claim
	bare   error             // why processes of functions have no control group
	gone   chan sfaas.NodeID // connections that are lost

	mu     sync.Mutex
	sent   map[stamp]time.Time // samples on their way
	took   []time.Duration     // from samples sent to a block, newest last
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

// process is one that receives.
type process struct {
	role role
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Scanner
	base use // when the run began
	box  container
}

// open starts a system and returns when all is linked.
func open(k kind, cells int) (*system, error) {
	a, err := openAir()
	if err != nil {
		return nil, err
	}
	s := &system{kind: k, cells: cells, air: a, next: radio + 1, epoch: 1000, sent: map[stamp]time.Time{}, gone: make(chan sfaas.NodeID, 256)}
	if s.folder, err = os.MkdirTemp("", "tableone"); err != nil {
		return nil, err
	}
	if s.chain, err = newChain(a.cfg, k == function); err != nil {
		return nil, err
	}
	s.rt, err = sfaas.NewRuntime(s.chain.app, append(owners(radio), sfaas.WithSourceLimit(1<<16), sfaas.WithOutput(s.chain.out, s.hear))...)
	if err != nil {
		return nil, err
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
	return s, nil
}

// startAll starts the processes of all cells.
func (s *system) startAll() error {
	all := make([]uint64, s.cells)
	for i := range all {
		all[i] = uint64(i) + 1
	}
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
	if s.kind != function {
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

// start starts one process, in a network namespace of its own if it runs one function and
// the host allows it, and links it.
func (s *system) start(r role) (*process, error) {
	r.Node, r.Folder, r.Apart = s.next, s.folder, s.kind == function
	r.Peers = append(r.Peers, radio)
	s.next++
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{role: r, cmd: exec.Command(exe)}
	p.cmd.Env, p.cmd.Stderr = append(os.Environ(), roleEnv+"="+string(text)), os.Stderr
	if s.kind == function {
		contain(p.cmd)
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	s.procs = append(s.procs, p)
	if s.kind == function {
		p.box, s.bare = group(p.cmd.Process.Pid)
	}
	if line, err := p.read(); err != nil || line != "ready" {
		return nil, fmt.Errorf("node %d: %q: %w", r.Node, line, err)
	}
	return p, nil
}

// read returns the next line of a process.
func (p *process) read() (string, error) {
	if p.out.Scan() {
		return p.out.Text(), nil
	}
	return "", errors.Join(io.ErrUnexpectedEOF, p.out.Err())
}

// ask sends a line and returns the answer.
func (p *process) ask(line string) (string, error) {
	if _, err := fmt.Fprintln(p.in, line); err != nil {
		return "", err
	}
	return p.read()
}

// do tells a process to do something.
func (p *process) do(line string) error {
	answer, err := p.ask(line)
	if err == nil && answer != "done <nil>" {
		err = fmt.Errorf("node %d: %s: %s", p.role.Node, line, answer)
	}
	return err
}

// usage asks a process what it has used.
func (p *process) usage() (u use, err error) {
	text, err := p.ask("usage")
	if err == nil {
		err = json.Unmarshal([]byte(text), &u)
	}
	return u, err
}

// kill ends a process as a crash does.
func (s *system) kill(p *process) {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // of a signal
	p.box.remove()
	s.procs = slices.DeleteFunc(s.procs, func(x *process) bool { return x == p })
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
	for _, p := range s.procs {
		_ = p.in.Close()
		done := time.AfterFunc(3*time.Second, func() { _ = p.cmd.Process.Kill() })
		_ = p.cmd.Wait()
		done.Stop()
		p.box.remove()
	}
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
	// What comes first of a slot is what is timed: the others have waited for it.
	if at, ok := s.sent[stamp{h.Key.Root(), h.Slot}]; ok {
		s.took = append(s.took, now.Sub(at))
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
	i, n := s.slot%len(s.air.slots), sfaas.Slot(s.slot)
	for cell := range s.cells {
		key := cellKey(uint64(cell) + 1)
		schedule, samples := s.air.schedules[i], s.air.slots[i]
		schedule.Set(nr.Slot(n), schedule.Grants...)
		samples.Slot = nr.Slot(n)
		transmissions += len(schedule.Grants)
		if len(schedule.Grants) > 0 {
			s.mu.Lock()
			s.sent[stamp{key, n}] = time.Now()
			s.mu.Unlock()
		}
		err = errors.Join(err, s.chain.grants.PushValue(s.rt, key, n, &schedule), s.chain.slots.PushValue(s.rt, key, n, &samples))
	}
	s.slot++
	return transmissions, err
}

// run is what came of some slots.
type run struct {
	slots, sent, passed int
	cpu, busy           time.Duration // of all processes that receive
	pss                 int64
	remote              uint64        // payload bytes that came from other processes
	p50, p99            time.Duration // from samples to the first block of a slot
	gap                 time.Duration // longest time without a block whose CRC is right
	parts               []string      // of a cell
	period              float64       // of a slot on the air in seconds
}

// lost returns how many transmissions had no block with a right CRC.
func (r *run) lost() int { return r.sent - r.passed }

// play sends so many slots at a pace, with something done in the midst of them.
func (s *system) play(slots int, pace time.Duration, amid func() error) (run, error) {
	for _, p := range s.procs {
		u, err := p.usage()
		if err != nil {
			return run{}, err
		}
		p.base = u
	}
	s.mu.Lock()
	s.took, s.passed, s.last, s.gap = nil, 0, time.Time{}, 0
	clear(s.sent)
	s.mu.Unlock()
	r := run{slots: slots, parts: s.chain.parts, period: s.air.period}
	done := make(chan error, 1)
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for i := range slots {
		<-tick.C
		n, err := s.send()
		if err != nil && amid == nil {
			return r, err
		}
		r.sent += n
		if i == slots/2 && amid != nil {
			go func() { done <- amid() }()
		}
	}
	if amid != nil {
		if err := <-done; err != nil {
			return r, err
		}
	}
	s.settle(r.sent)
	for _, p := range s.procs {
		u, err := p.usage()
		if err != nil {
			return r, err
		}
		r.cpu, r.busy, r.pss = r.cpu+u.CPU-p.base.CPU, r.busy+u.Busy-p.base.Busy, r.pss+u.PSS
		r.remote += u.Remote - p.base.Remote
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.passed, r.gap = s.passed, s.gap
	if slices.Sort(s.took); len(s.took) > 0 {
		r.p50, r.p99 = s.took[len(s.took)/2], s.took[len(s.took)*99/100]
	}
	return r, nil
}

// settle waits until all has come, or nothing comes any more.
func (s *system) settle(want int) {
	before := -1
	for range 40 {
		time.Sleep(50 * time.Millisecond)
		s.mu.Lock()
		now := s.passed
		s.mu.Unlock()
		if now >= want || now == before && now > 0 {
			return
		}
		before = now
	}
}

// warm plays slots until blocks come, and the tables of all processes are made.
func (s *system) warm() error {
	for range 5 {
		r, err := s.play(2*len(s.air.slots), 4*time.Millisecond*time.Duration(max(1, s.cells)), nil)
		if err != nil {
			return err
		}
		if r.passed > 0 && r.passed == r.sent {
			return nil
		}
	}
	return fmt.Errorf("%s: blocks do not come out", s.kind)
}
