// SPDX-License-Identifier: Apache-2.0

package beat

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// Config says how a [Pulse] beats.
type Config struct {
	Node        sfaas.NodeID // whose pulse it is
	Incarnation uint32       // in which life
	Key         []byte       // that all processes of the deployment share
	Host        netip.Addr   // on which address it listens; the port is the kernel's choice

	Period  time.Duration // from beat to beat; more than 0
	Misses  int           // after so many periods without a beat a process is silent; at least 1
	Threads sfaas.Threads // of the thread that beats

	// OnSilent is told of a process that is watched and silent, once until it is heard again,
	// and since when. All three are called on the thread that beats, and must not block.
	OnSilent func(node sfaas.NodeID, since sfaas.Time)
	// OnDied is told of a process that is watched and has ended, once: as its kernel says, which
	// has closed the life line to it and refuses another one. Incarnation is the life that was
	// heard, 0 if none was; noticed is when the line ended.
	OnDied func(who Watched, incarnation uint32, noticed sfaas.Time)
	// OnGap is told when the thread has not run for longer than Misses periods: what others
	// have concluded of this process meanwhile it cannot know.
	OnGap func(gap time.Duration)
}

// Pulse beats for one process, and hears others. All methods may be called concurrently.
//
// The thread shares no lock with anybody: who holds one may not be let run, and then the
// thread would wait for as long. What it is to do lies in orders that are replaced as a
// whole.
type Pulse struct {
	cfg     Config
	bell    *bell
	address netip.AddrPort
	closed  atomic.Bool
	ended   atomic.Bool  // the thread does not run any more
	turned  atomic.Int64 // the last moment at which it ran
	orders  atomic.Pointer[orders]
	done    chan error

	giving sync.Mutex // of who gives orders
}

// orders are what the thread does until there are others.
type orders struct {
	tell  []target
	watch []*other
}

// Start opens the sockets and starts the thread. It returns what the kernel refuses:
// as a [*sfaas.ThreadError] where that is about the thread. The caller closes the pulse.
func Start(cfg Config) (*Pulse, error) {
	if cfg.Period <= 0 || cfg.Misses < 1 {
		return nil, fmt.Errorf("beat: period %v, misses %d, want more than 0 and at least 1", cfg.Period, cfg.Misses)
	}
	b, err := newBell()
	if err != nil {
		return nil, fmt.Errorf("beat: %w", err)
	}
	p := &Pulse{cfg: cfg, bell: b, done: make(chan error, 1)}
	p.orders.Store(&orders{})
	started := make(chan struct{})
	go func() { p.done <- sfaas.OnThread(cfg.Threads, func() error { return p.live(started) }) }()
	select {
	case <-started:
		return p, nil
	case err := <-p.done:
		return nil, errors.Join(err, b.close())
	}
}

// live is the whole life of the thread.
func (p *Pulse) live(started chan<- struct{}) error {
	if err := leaveTable(p.bell); err != nil {
		return fmt.Errorf("beat: %w", err)
	}
	s, err := listen(p.cfg.Host, p.bell)
	if err != nil {
		return fmt.Errorf("beat: listen on %v: %w", p.cfg.Host, err)
	}
	p.address = s.address
	p.turned.Store(int64(sfaas.Now()))
	close(started)
	err = p.run(s)
	p.ended.Store(true) // before others can take this process for dead
	return errors.Join(err, s.close())
}

// Address returns where others send their beats to, and hold their life lines.
func (p *Pulse) Address() netip.AddrPort { return p.address }

// Tell sets whom the process assures from now on that it lives.
func (p *Pulse) Tell(to []netip.AddrPort) {
	tell := make([]target, len(to))
	for i, a := range to {
		tell[i] = targetOf(a)
	}
	p.order(func(o *orders) { o.tell = tell })
}

// Watch sets who is watched from now on. One who is new is watched from its first beat on,
// since it may not have been told yet whom to assure; of the others nothing changes.
func (p *Pulse) Watch(all []Watched) {
	p.order(func(o *orders) {
		old := o.watch
		o.watch = make([]*other, len(all))
		for i, w := range all {
			o.watch[i] = find(old, w)
		}
	})
}

// order replaces the orders, and wakes the thread.
func (p *Pulse) order(change func(o *orders)) {
	p.giving.Lock()
	defer p.giving.Unlock()
	next := *p.orders.Load()
	change(&next)
	p.orders.Store(&next)
	p.bell.ring()
}

// watched returns what is known of a process that is watched, or nil.
func (p *Pulse) watched(node sfaas.NodeID) *other {
	for _, x := range p.orders.Load().watch {
		if x.node == node {
			return x
		}
	}
	return nil
}

// Silent reports whether a process that is watched is silent at this moment.
func (p *Pulse) Silent(node sfaas.NodeID) bool {
	x := p.watched(node)
	return x != nil && x.silent.Load()
}

// HeardSince reports whether a beat of a process has come after a moment.
func (p *Pulse) HeardSince(node sfaas.NodeID, t sfaas.Time) bool {
	x := p.watched(node)
	return x != nil && sfaas.Time(x.heard.Load()) > t
}

// Term is for how long a process may be silent, at least: see [Watched].
func (p *Pulse) Term() time.Duration { return p.cfg.Period * time.Duration(p.cfg.Misses) }

// Runs reports whether the thread has run within the last term: if not, others may have
// given this process up, and it does not know yet.
func (p *Pulse) Runs() bool {
	return !p.ended.Load() && sfaas.Now().Sub(sfaas.Time(p.turned.Load())) < p.Term()
}

// Close ends the thread and closes the sockets. It is idempotent.
func (p *Pulse) Close() error {
	if p.closed.Swap(true) {
		return nil
	}
	p.bell.ring()
	return errors.Join(<-p.done, p.bell.close())
}

// run is what the thread does. In each turn it hears what has come, looks whether it has itself
// been away, beats if it is time to, and looks who has died or is silent; in this order, so
// that whoever has beaten in time is not blamed for the delay of this thread.
func (p *Pulse) run(s *socket) error {
	code := newCodec(p.cfg.Key)
	mine := Beat{Node: p.cfg.Node, Incarnation: p.cfg.Incarnation}
	died := p.died // once: a closure per turn would be an allocation
	next := sfaas.Now()
	for out := make([]byte, Size); !p.closed.Load(); {
		if err := s.wait(next.Sub(sfaas.Now())); err != nil {
			return err
		}
		o := p.orders.Load()
		away := sfaas.Now().Sub(sfaas.Time(p.turned.Load())) > 2*p.cfg.Period
		p.hear(s, o, code, !away)
		now := sfaas.Now()
		p.noteGap(o, now)
		s.tend(o.watch, now, died)
		if now >= next {
			mine.Count++
			code.put(out, mine)
			for i := range o.tell {
				s.send(out, &o.tell[i]) // what does not get there is lost: the next one follows
			}
			s.accept()
			// A late beat moves those after it: two in a row would say nothing more.
			next = max(next.Add(p.cfg.Period), now.Add(p.cfg.Period/2))
		}
		p.judge(o, now)
	}
	return nil
}

// died takes in that a process has ended.
func (p *Pulse) died(x *other, noticed sfaas.Time) {
	x.died = true
	if p.cfg.OnDied != nil {
		p.cfg.OnDied(Watched{x.node, x.at}, x.last.Incarnation, noticed)
	}
}
