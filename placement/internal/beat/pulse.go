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

	// OnSilent is told of a process that is watched and silent, once until it is heard again.
	// It is called on the thread that beats, and must not block.
	OnSilent func(node sfaas.NodeID)
	// OnGap is told when the thread has not run for longer than Misses periods: what others
	// have concluded of this process meanwhile it cannot know. It must not block.
	OnGap func(gap time.Duration)
}

// Pulse beats for one process, and hears others. All methods may be called concurrently.
type Pulse struct {
	cfg    Config
	sock   *socket
	closed atomic.Bool
	turned atomic.Int64 // the last moment at which the thread ran
	done   chan error

	mu     sync.Mutex
	tell   []netip.AddrPort
	others map[sfaas.NodeID]*other // that are watched
}

// other is what is known of a process that is watched.
type other struct {
	last   Beat
	heard  sfaas.Time
	silent bool // and reported
}

// Start opens the socket and starts the thread. It returns what the kernel refuses:
// as a [*sfaas.ThreadError] where that is about the thread. The caller closes the pulse.
func Start(cfg Config) (*Pulse, error) {
	if cfg.Period <= 0 || cfg.Misses < 1 {
		return nil, fmt.Errorf("beat: period %v, misses %d, want more than 0 and at least 1", cfg.Period, cfg.Misses)
	}
	s, err := listen(cfg.Host)
	if err != nil {
		return nil, fmt.Errorf("beat: listen on %v: %w", cfg.Host, err)
	}
	p := &Pulse{cfg: cfg, sock: s, done: make(chan error, 1), others: map[sfaas.NodeID]*other{}}
	started := make(chan struct{})
	go func() {
		p.done <- sfaas.OnThread(cfg.Threads, func() error {
			close(started)
			return p.run()
		})
	}()
	select {
	case <-started:
		return p, nil
	case err := <-p.done:
		return nil, errors.Join(err, s.close())
	}
}

// Address returns where others send their beats to.
func (p *Pulse) Address() netip.AddrPort { return p.sock.address }

// Tell sets whom the process assures from now on that it lives.
func (p *Pulse) Tell(to []netip.AddrPort) {
	p.mu.Lock()
	p.tell = append([]netip.AddrPort(nil), to...)
	p.mu.Unlock()
}

// Watch sets who is watched from now on. One who is new is watched from its first beat on,
// since it may not have been told yet whom to assure; of the others nothing changes.
func (p *Pulse) Watch(nodes []sfaas.NodeID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.others
	p.others = make(map[sfaas.NodeID]*other, len(nodes))
	for _, n := range nodes {
		if p.others[n] = old[n]; p.others[n] == nil {
			p.others[n] = &other{heard: sfaas.Now()}
		}
	}
}

// Silent reports whether a process that is watched is silent at this moment.
func (p *Pulse) Silent(node sfaas.NodeID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.others[node]
	return x != nil && x.silent
}

// HeardSince reports whether a beat of a process has come after a moment.
func (p *Pulse) HeardSince(node sfaas.NodeID, t sfaas.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.others[node]
	return x != nil && x.last.Count > 0 && x.heard > t
}

// Term is for how long a process may be silent.
func (p *Pulse) Term() time.Duration { return p.cfg.Period * time.Duration(p.cfg.Misses) }

// Runs reports whether the thread has run within the last term: if not, others may have
// given this process up, and it does not know yet.
func (p *Pulse) Runs() bool {
	return sfaas.Now().Sub(sfaas.Time(p.turned.Load())) < p.Term()
}

// Close ends the thread and closes the socket. It is idempotent.
func (p *Pulse) Close() error {
	if p.closed.Swap(true) {
		return nil
	}
	p.sock.wake()
	return errors.Join(<-p.done, p.sock.close())
}

// run is the thread. In each turn it hears what has come, looks whether it has itself
// been away, beats if it is time to, and looks who is silent; in this order, so that
// whoever has beaten in time is not blamed for the delay of this thread.
func (p *Pulse) run() error {
	code := newCodec(p.cfg.Key)
	mine := Beat{Node: p.cfg.Node, Incarnation: p.cfg.Incarnation}
	next := sfaas.Now()
	p.turned.Store(int64(next))
	for out := make([]byte, Size); !p.closed.Load(); {
		if err := p.sock.wait(next.Sub(sfaas.Now())); err != nil {
			return err
		}
		p.hear(code)
		now := sfaas.Now()
		p.noteGap(now)
		if now >= next {
			mine.Count++
			code.put(out, mine)
			p.send(out)
			// A late beat moves those after it: two in a row would say nothing more.
			next = max(next.Add(p.cfg.Period), now.Add(p.cfg.Period/2))
		}
		p.judge(now)
	}
	return nil
}

// hear takes all beats that have come.
func (p *Pulse) hear(code *codec) {
	var in [Size + 1]byte
	for {
		n, ok := p.sock.receive(in[:])
		if !ok {
			return
		}
		b, err := code.get(in[:n])
		if err != nil {
			continue
		}
		p.mu.Lock()
		if x := p.others[b.Node]; x != nil && b.after(x.last) {
			x.last, x.heard, x.silent = b, sfaas.Now(), false
		}
		p.mu.Unlock()
	}
}

// noteGap notes that the thread runs, and what follows if it has not for a while: beats may
// have been thrown away meanwhile by the kernel, so everybody gets a new term.
func (p *Pulse) noteGap(now sfaas.Time) {
	gap := now.Sub(sfaas.Time(p.turned.Load()))
	p.turned.Store(int64(now))
	if gap <= 2*p.cfg.Period {
		return
	}
	p.mu.Lock()
	for _, x := range p.others {
		x.heard = now
	}
	p.mu.Unlock()
	if gap > p.Term() && p.cfg.OnGap != nil {
		p.cfg.OnGap(gap)
	}
}

// send sends a beat to all who are to be told. What does not get there is lost: the next
// one follows.
func (p *Pulse) send(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, to := range p.tell {
		p.sock.send(b, to)
	}
}

// judge reports who has become silent.
func (p *Pulse) judge(now sfaas.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for node, x := range p.others {
		if x.silent || x.last.Count == 0 || now.Sub(x.heard) < p.Term() {
			continue
		}
		x.silent = true
		if p.cfg.OnSilent != nil {
			p.cfg.OnSilent(node)
		}
	}
}
