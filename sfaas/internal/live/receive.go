// SPDX-License-Identifier: Apache-2.0

package live

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// processClock names the clock that the runtimes of a process share.
var processClock = sync.OnceValue(rand.Uint64)

// clockID names the clock of the runtime.
//
// Runtimes that share a clock need no offset; the number tells whether two do.
func (r *Runtime) clockID() uint64 {
	if r.set.ForeignClock {
		return r.mark
	}
	return processClock()
}

// Hello returns what a transport brings to another runtime when a connection begins:
// who this one is, its graph, and its routes.
func (r *Runtime) Hello() []byte {
	rests, routes := r.table()
	return r.wire.AppendHello(nil, &state.Hello{
		Node: r.set.Node, Incarnation: r.Incarnation(), Mark: r.mark, Clock: r.clockID(), Now: r.set.Clock(), Rests: rests, Routes: routes,
	})
}

// Incarnation returns the number of the runtime's life, once it is no earlier one's.
func (r *Runtime) Incarnation() uint32 {
	time.Sleep(time.Until(r.shown))
	return r.set.Incarnation
}

// Connect links the runtime that a [Runtime.Hello] is of, and to which a transport
// carries frames from now on. One that is linked under its number already has lost
// its connection, and what was on its way there. The other end is connected by its
// own transport; what that sends may come here from now on.
//
// An error says why the two cannot be linked; nothing has changed then.
func (r *Runtime) Connect(t Transport, hello []byte) (node base.NodeID, incarnation uint32, err error) {
	if r.closed.Load() {
		return 0, 0, base.Errorf("connect: %w", base.ErrClosed)
	}
	of, err := r.wire.ReadHello(hello, r.set.Clock(), r.clockID())
	if err != nil {
		return 0, 0, err
	}
	if err := r.follows(of); err != nil {
		return 0, 0, err
	}
	// What is known under this number is an earlier connection, or an earlier life. It is
	// ended first, so that the cores hear "gone" before "there".
	r.unlinkNode(of.Node, base.ErrUnlinked)
	r.connect(newFar(r, of, t, nil))
	return of.Node, of.Incarnation, nil
}

// heard is a life of another runtime that this one has known.
type heard struct {
	incarnation uint32
	mark        uint64
}

// follows returns an error if this runtime has known a later life of another one, or another
// one of the same number: what that has sent would be taken for newer than what it sends
// now, or for the same, which would get lost.
func (r *Runtime) follows(of *state.Peer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, is := r.lives[of.Node], heard{of.Incarnation, of.Mark}
	if is.incarnation < last.incarnation || is.incarnation == last.incarnation && is.mark != last.mark && last.mark != 0 {
		return base.Errorf("connect: %w", &base.LifeError{Node: of.Node, Life: is.incarnation, Last: last.incarnation})
	}
	r.lives[of.Node] = is
	return nil
}

func (r *Runtime) connect(p *far) {
	r.join(p)
	r.learnTable(p.of.Rests, p.of.Routes)
}

// Disconnect forgets a runtime: its connection is lost, and what was on its way with
// it. What is kept for its units waits for its next connection, and so do moves to it whose
// outcome is not known: it is asked then.
func (r *Runtime) Disconnect(node base.NodeID, incarnation uint32) {
	if p, ok := r.peer(node).(*far); ok && p.of.Incarnation == incarnation {
		r.unlink(p, base.ErrUnlinked)
	}
}

// Frame returns a frame of a size, for a transport to read into.
func (r *Runtime) Frame(size int) *base.Frame { return r.frames.Get(size) }

// Receive takes a frame from a runtime that is connected, in one life of it. The frame
// is the runtime's from now on. It does not wait, and may be called concurrently for
// different runtimes or classes. A frame of an earlier life, or of a runtime that is
// not connected, is an [base.ErrUnlinked]; bytes that are wrong are an [base.ErrFrame], and
// change nothing: a transport gives such a connection up.
//
// Everything that comes from outside passes here: a frame is checked as a whole before
// anything of it reaches a core (state.Peer), and one that is wrong ends its connection.
// What is right becomes one event in the inbox of one worker.
func (r *Runtime) Receive(from base.NodeID, incarnation uint32, class base.FrameClass, f *base.Frame) error {
	p, ok := r.peer(from).(*far)
	// A frame of an earlier life of the sender: what it says has been settled, or lost,
	// with that life.
	if !ok || p.of.Incarnation != incarnation {
		f.Release()
		return base.ErrUnlinked
	}
	kind, place, content, err := state.CutHead(f.Bytes())
	if err == nil && !travels(kind, class) {
		err = base.Errorf("%w: kind %d of class %v", base.ErrFrame, kind, class)
	}
	if err != nil {
		f.Release()
		return err
	}
	left, err := p.receive(class, kind, place, content, f)
	if left {
		r.unlink(p, base.ErrClosed)
	}
	return err
}

// receive takes a frame in its turn, and reports whether the other runtime has closed.
//
// Bulk frames whose ordered frame has not been read are held; each ordered frame may free
// some. They are few: images of units that move.
func (p *far) receive(class base.FrameClass, kind byte, place uint64, content []byte, f *base.Frame) (left bool, err error) {
	p.reading.Lock()
	defer p.reading.Unlock()
	if class != base.Ordered && place > p.read {
		p.held = append(p.held, heldFrame{place, kind, content, f})
		return false, nil
	}
	err = p.take(kind, content, f)
	if class == base.Ordered {
		p.read = place
		for len(p.held) > 0 { // few, if any
			i := slices.IndexFunc(p.held, func(h heldFrame) bool { return h.place <= p.read })
			if i < 0 {
				break
			}
			// After an error the rest is read all the same: what is held would otherwise
			// stay held.
			h := p.held[i]
			p.held = slices.Delete(p.held, i, i+1)
			if e := p.take(h.kind, h.body, h.f); err == nil {
				err = e
			}
		}
	}
	return p.left, err
}

// travels reports whether frames of a kind are of a class.
//
// It is the table of which kinds may come in which class. A kind in the wrong class would be
// read out of order.
func travels(kind byte, class base.FrameClass) bool {
	switch class {
	case base.Ordered:
		return kind <= state.FrameReply
	case base.Bulk:
		return kind == state.FrameSignal
	}
	return class == base.HostFrames && kind > state.FrameReply
}

// end lets go of what waits for a connection that is no more.
func (p *far) end() {
	p.once.Do(func() { close(p.gone) })
	p.reading.Lock()
	defer p.reading.Unlock()
	for _, h := range p.held {
		h.f.Release()
	}
	p.held = nil
	p.wakeOwed()
}

// take reads a frame and lets it have its effect.
func (p *far) take(kind byte, content []byte, f *base.Frame) error {
	r := p.rt
	switch kind {
	// The message goes to the worker of its key; if that has closed, the sender keeps it
	// or has promised nothing.
	case state.FrameMessage:
		ev, err := p.of.ReadMessage(f, r.cores.Intake, r.set.Clock())
		if err != nil {
			return err
		}
		if !p.post(r.homes[ev.Key.KeyGroup()], ev) {
			ev.Msg.Release()
		}
	// An acknowledgement goes to the core of the producer, which has the entry.
	case state.FrameAck:
		ev, err := p.of.ReadAck(content)
		f.Release()
		if err != nil {
			return err
		}
		p.post(r.homes[ev.Stamp.Source.KeyGroup()], ev)
	case state.FrameSignal:
		return p.takeSignal(content, f)
	case state.FrameReply:
		call, m, outcome, err := p.of.ReadReply(content, r.cores.Intake, r.set.Clock())
		f.Release()
		if err != nil {
			return err
		}
		r.reply(call, m, outcome)
	case state.FrameRequest:
		q, err := state.ReadRequest(content)
		f.Release()
		if err != nil {
			return err
		}
		p.serve(q)
	case state.FrameAnswer:
		id, outcome, err := state.ReadAnswer(content)
		f.Release()
		if err != nil {
			return err
		}
		p.answered(id, outcome)
	// The other runtime has closed on purpose: nothing of it is waited for.
	case state.FrameBye:
		f.Release()
		p.left = true // whoever has called takes the consequence, without the lock
	default:
		f.Release()
		return base.Errorf("%w: kind %d", base.ErrFrame, kind)
	}
	return nil
}

// takeSignal brings a signal to its core. The bytes of an image stay in the frame until
// the core opens it: the frame is kept and not returned to its pool.
func (p *far) takeSignal(content []byte, f *base.Frame) error {
	s, to, err := p.of.ReadSignal(content)
	if err != nil || s == nil {
		f.Release()
		return err
	}
	ev := core.Event{Kind: core.EventSignal, Signal: s, From: s.From}
	switch m := s.Carried(); {
	case to.IsAll():
		p.rt.postAll(ev)
	case !p.post(p.rt.homes[to.Core], ev) && m != nil: // the unit stays where it is
		out, b := p.frame(state.FrameSignal, state.MessageRoom)
		back := core.Endpoint{Node: m.From, Core: int(m.Unit.Root.KeyGroup())}
		// Sending from here could wait for a lock that is held by somebody who waits for
		// this frame to be read.
		if b, err := p.rt.wire.AppendSignal(b, back, m.Refused(base.ErrClosed).Signal, 0); err == nil {
			go func() { _ = p.send(base.Ordered, out, b) }() // who has sent this may hold the lock
		}
	}
	if s.Packed != nil {
		f.Keep()
	} else {
		f.Release()
	}
	return nil
}

// serve does what host code of another runtime asks for, and answers.
//
// It runs beside the reader: resources may take long to open, and the next frames must be
// read meanwhile.
func (p *far) serve(q state.Request) {
	// The group is told that one more goroutine works for the runtime, unless it has
	// closed: Close waits for it.
	r := p.rt
	r.mu.Lock()
	open := !r.closed.Load()
	if open {
		r.wg.Add(1)
	}
	r.mu.Unlock()
	go func() {
		if open {
			defer r.wg.Done()
		}
		var err error
		switch q.Op {
		case state.OpPrepare:
			err = r.Prepare(q.Unit)
		case state.OpUnprepare:
			err = r.Unprepare(q.Unit)
		case state.OpSettle:
			for _, ch := range r.reads() {
				select {
				case <-ch:
				case <-r.stop:
				}
			}
		}
		f, b := p.frame(state.FrameAnswer, state.MessageRoom)
		_ = p.send(base.HostFrames, f, state.AppendAnswer(b, q.ID, err))
	}()
}
