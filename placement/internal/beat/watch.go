// SPDX-License-Identifier: Apache-2.0

package beat

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// Watched is a process that is watched: by its beats, and by a life line to the address
// of its pulse, if that is valid.
//
// It may be silent for a term, which is Misses periods and grows with what is usual: if its
// beats come late, as those of a busy machine do, it gets the largest delay that was seen on
// top of that, up to [patience] terms in all. The delay is forgotten by half within some
// 1 400 beats, which are seven seconds at 5 ms.
type Watched struct {
	Node sfaas.NodeID
	At   netip.AddrPort
}

// How patience grows and fades.
const (
	patience = 5
	fading   = 2000 // beats
)

// other is what is known of a process that is watched. What is not atomic is the thread's.
type other struct {
	node sfaas.NodeID
	at   netip.AddrPort
	to   target // of its life line

	heard  atomic.Int64 // when the last beat has come, 0 for never
	since  sfaas.Time   // silence counts from here: the last beat, or a gap of this process
	silent atomic.Bool  // and reported
	last   Beat
	slow   time.Duration // by how much its beats come late
	died   bool          // and reported
}

// find returns what is known of a process, or somebody new.
func find(all []*other, w Watched) *other {
	for _, x := range all {
		if x.node == w.Node && x.at == w.At {
			return x
		}
	}
	x := &other{node: w.Node, at: w.At}
	if w.At.IsValid() {
		x.to = targetOf(w.At)
	}
	x.since = sfaas.Now()
	return x
}

// hear takes all beats that have come. Learns says whether what is late is so by the fault
// of others.
func (p *Pulse) hear(s *socket, o *orders, code *codec, learns bool) {
	for {
		n, ok := s.receive()
		if !ok {
			return
		}
		b, err := code.get(s.in[:n])
		if err != nil {
			continue
		}
		for _, x := range o.watch {
			if x.node == b.Node && b.after(x.last) {
				p.note(x, b, sfaas.Now(), learns)
			}
		}
	}
}

// note takes in a beat.
func (p *Pulse) note(x *other, b Beat, now sfaas.Time, learns bool) {
	if late := now.Sub(x.since) - p.cfg.Period; learns && x.last.Count > 0 {
		x.slow = max(x.slow-x.slow/fading, late, 0)
	}
	x.last, x.since = b, now
	x.heard.Store(int64(now))
	x.silent.Store(false)
}

// term is for how long a process may be silent.
func (p *Pulse) term(x *other) time.Duration {
	return min(p.Term()+x.slow, patience*p.Term())
}

// noteGap notes that the thread runs, and what follows if it has not for a while: beats may
// have been thrown away meanwhile by the kernel, so everybody gets a new term.
func (p *Pulse) noteGap(o *orders, now sfaas.Time) {
	gap := now.Sub(sfaas.Time(p.turned.Load()))
	p.turned.Store(int64(now))
	if gap <= 2*p.cfg.Period {
		return
	}
	for _, x := range o.watch {
		x.since = now
	}
	if gap > p.Term() && p.cfg.OnGap != nil {
		p.cfg.OnGap(gap)
	}
}

// judge reports who has become silent.
func (p *Pulse) judge(o *orders, now sfaas.Time) {
	for _, x := range o.watch {
		if x.died || x.silent.Load() || x.last.Count == 0 || now.Sub(x.since) < p.term(x) {
			continue
		}
		x.silent.Store(true)
		if p.cfg.OnSilent != nil {
			p.cfg.OnSilent(x.node, sfaas.Time(x.heard.Load()))
		}
	}
}
