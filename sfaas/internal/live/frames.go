// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/layout"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// Transport carries frames to other runtimes. Frames of one class arrive in order;
// none is lost, repeated or changed as long as [Runtime.Disconnect] says nothing else.
type Transport interface {
	// Send takes a frame for a runtime that [Runtime.Connect] has named. It does not
	// wait: what cannot leave at once waits in memory, which the runtime bounds. The
	// frame is the transport's, which releases it when it is not needed any more; after
	// an error, the runtime is not connected, it is the caller's still. Send may be
	// called concurrently.
	Send(to base.NodeID, class base.FrameClass, f *base.Frame) error
}

// loser is a transport that knows when it has lost a connection which it can make again: the
// channel is closed then, or is already.
type loser interface{ Lost() <-chan struct{} }

// queueLimit is how many bytes may wait for one runtime, whatever the capacities of edges:
// sources of what goes there get ErrBusy beyond, and AtMostOnce messages are dropped.
const queueLimit = 64 << 20

// far is a runtime to which frames go.
//
// Order on a connection. Ordered frames (messages, acknowledgements, signals, replies)
// have consecutive places. Others travel beside them, on streams of their own, so that an
// image of megabytes delays no message: a bulk frame says after which ordered frame it
// must be read, and waits at the receiver if it is early. So the order in which cores
// have sent is kept where it matters: an image is read behind every message that was sent
// before it.
type far struct {
	rt      *Runtime
	of      *state.Peer
	t       Transport
	other   *Runtime // of this process, where frames are used for tests; or nil
	waiting atomic.Int64
	freed   func(size int)
	freedOn []func(size int) // by edge, nil where it has no capacity
	gone    chan struct{}    // closed when it is unlinked
	once    sync.Once

	sending sync.Mutex // orders what is sent
	place   uint64     // of the last ordered frame

	reading sync.Mutex
	read    uint64 // place of the last ordered frame that has been read
	held    []heldFrame
	lends   bool      // somebody lends a goroutine to the workers for which something comes
	owed    []*worker // that are to be woken, or run by it
	left    bool      // it has closed

	asking sync.Mutex
	lastID uint64
	asked  map[uint64]chan error
}

// heldFrame has overtaken ordered frames.
type heldFrame struct {
	place uint64
	kind  byte
	body  []byte
	f     *base.Frame
}

// newFar returns another runtime that is connected. The function that counts down what
// waits is made once, so that a frame costs no closure.
func newFar(r *Runtime, of *state.Peer, t Transport, other *Runtime) *far {
	p := &far{rt: r, of: of, t: t, other: other, gone: make(chan struct{}), asked: map[uint64]chan error{}}
	p.freed = func(size int) { p.waiting.Add(int64(-size)) }
	p.freedOn = make([]func(int), len(r.app.Edges))
	for i, e := range r.app.Edges {
		if e.Queue() {
			p.freedOn[i] = func(size int) {
				p.freed(size)
				r.cores.Intake.Left(e, size)
			}
		}
	}
	return p
}

func (p *far) node() base.NodeID { return p.of.Node }
func (p *far) life() uint32      { return p.of.Incarnation }
func (p *far) local() *Runtime   { return p.other }
func (p *far) isBusy() bool      { return p.waiting.Load() > queueLimit }

// frame returns a frame that has begun.
func (p *far) frame(kind byte, room int) (*base.Frame, []byte) {
	f := p.rt.frames.Get(room)
	return f, state.AppendHead(f.Bytes()[:0], kind, 0)
}

// send sends a frame with its content. An ordered frame gets the next place; another
// one waits at the other end for those before it.
//
// The place is taken and the frame handed over under one lock: places and order on the
// wire cannot disagree.
func (p *far) send(class base.FrameClass, f *base.Frame, b []byte) error {
	f.SetBytes(b)
	f.OnRelease(p.freed)
	return p.sendCounted(class, f, b)
}

// sendOn is send of a message on an AtMostOnce edge with a capacity, against which it
// counts until the other end has received it.
func (p *far) sendOn(edge *plan.Edge, f *base.Frame, b []byte) error {
	f.SetBytes(b)
	if !p.rt.cores.Intake.Leaves(edge, f.Size()) {
		f.Release()
		return errFull
	}
	f.OnRelease(p.freedOn[edge.ID-1])
	return p.sendCounted(base.Ordered, f, b)
}

var errFull = errors.New("edge is full")

// sendCounted sends a frame that says when it is released.
func (p *far) sendCounted(class base.FrameClass, f *base.Frame, b []byte) error {
	p.waiting.Add(int64(f.Size()))
	p.sending.Lock()
	defer p.sending.Unlock()
	place := p.place
	if class == base.Ordered {
		place++
	}
	// The place is known only now, and is written over the one that the head began with.
	state.SetPlace(b, place)
	if err := p.t.Send(p.node(), class, f); err != nil {
		f.Release()
		return err
	}
	p.place = place
	return nil
}

// message sends a message. Unstamped messages are dropped, with a count, when the other
// side is slow; stamped ones are kept by the core anyway, and the edge's capacity pushes
// back.
func (p *far) message(w *worker, e *core.Effect) error {
	// An edge about which the two builds disagree is refused here, by name, before any
	// bytes are made.
	if err := p.of.Takes(e.Edge); err != nil {
		return err
	}
	// What is promised may wait in memory, since its edge bounds it; the rest must not.
	if e.Stamp == nil && p.isBusy() {
		return base.ErrBusy
	}
	f, b := p.frame(state.FrameMessage, min(e.Msg.Size(), 2*layout.ApartLeast)+state.MessageRoom)
	b, apart, err := p.rt.wire.AppendMessage(b, e, w.core.Now(), w.apart[:0])
	if err != nil {
		f.Release()
		return err
	}
	// Elements of large tensors are not copied: the frame refers to the message's memory,
	// which is held until the transport has sent it.
	if len(apart) > 0 {
		e.Msg.Hold() // the frame's
		f.SetBytes(b)
		f.Borrow(apart, e.Msg)
		clear(apart)
		w.apart = apart
	}
	f.Hint(w.acks, false)
	if edge := p.rt.app.Edges[e.Edge-1]; e.Stamp == nil && edge.Queue() {
		err = p.sendOn(edge, f, b)
	} else {
		err = p.send(base.Ordered, f, b)
	}
	if err != nil {
		return err
	}
	w.core.Sent(e)
	return nil
}

// acknowledge sends an acknowledgement. A lost acknowledgement costs a repeat: the sender
// asks, or sends again.
func (p *far) acknowledge(e *core.Effect) {
	f, b := p.frame(state.FrameAck, state.MessageRoom)
	f.Hint(false, !e.Waits && !p.rt.app.Edges[e.Stamp.Edge-1].Queue())    // room on the edge is waited for
	_ = p.send(base.Ordered, f, p.rt.wire.AppendAck(b, e.Stamp, e.Waits)) // asked for again
}

// signal sends a signal. Signals with an image are bulk, all others ordered. The image
// has been made by then, so an error here leaves the unit without owner and image: the
// caller takes it back.
func (p *far) signal(w *worker, to core.Endpoint, s *core.Signal) bool {
	class := base.Ordered
	if s.Carried() != nil {
		class = base.Bulk
	}
	f, b := p.frame(state.FrameSignal, state.MessageRoom)
	b, err := p.rt.wire.AppendSignal(b, to, s, w.core.Now())
	if err != nil {
		f.Release()
		p.rt.set.Logger.Warn("sfaas: a unit cannot move to another process", "unit", s.Unit().String(), "err", err)
		return false
	}
	return p.send(class, f, b) == nil
}

func (p *far) reply(e *core.Effect) {
	f, b := p.frame(state.FrameReply, state.MessageRoom)
	b, err := p.rt.wire.AppendReply(b, e)
	if e.Msg != nil {
		e.Msg.Release()
	}
	if err != nil {
		b, _ = p.rt.wire.AppendReply(b[:0], &core.Effect{Call: e.Call, Err: err})
	}
	_ = p.send(base.Ordered, f, b)
}

func (p *far) prepare(ctx context.Context, u base.Unit) error {
	return p.ask(ctx, state.Request{Op: state.OpPrepare, Unit: u})
}

// unprepare waits for the other end no longer than the block limit. The move has ended by
// then, and has its own outcome: an end that is too busy to answer in time closes what it
// needs not when it comes to that, and one that is gone has closed everything.
func (p *far) unprepare(u base.Unit) error {
	ctx, stop := context.WithTimeout(context.Background(), p.rt.set.BlockLimit)
	defer stop()
	err := p.ask(ctx, state.Request{Op: state.OpUnprepare, Unit: u})
	if errors.Is(err, base.ErrUnlinked) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// settle returns a channel that is closed when the other runtime has read what was sent
// before: the request travels behind it. Who cannot be reached is not waited for: it reads
// that first when it can.
func (p *far) settle() []chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, stop := context.WithTimeout(context.Background(), p.rt.set.BlockLimit)
		defer stop()
		if t, ok := p.t.(loser); ok {
			lost := t.Lost()
			go func() {
				select {
				case <-lost:
					stop()
				case <-ctx.Done():
				}
			}()
		}
		_ = p.ask(ctx, state.Request{Op: state.OpSettle})
	}()
	return []chan struct{}{done}
}

func (p *far) leave() {
	f, b := p.frame(state.FrameBye, state.MessageRoom)
	_ = p.send(base.HostFrames, f, b)
}

// ask lets host code of the other runtime do something, and waits for it.
//
// A request is answered by host code, on its own goroutine: opening a resource may take
// seconds, and no worker waits for that.
func (p *far) ask(ctx context.Context, q state.Request) error {
	ch := make(chan error, 1)
	p.asking.Lock()
	p.lastID++
	q.ID = p.lastID
	p.asked[q.ID] = ch
	p.asking.Unlock()
	defer func() {
		p.asking.Lock()
		// A later answer finds nobody, and is dropped.
		delete(p.asked, q.ID)
		p.asking.Unlock()
	}()
	f, b := p.frame(state.FrameRequest, state.MessageRoom)
	if err := p.send(base.HostFrames, f, state.AppendRequest(b, q)); err != nil {
		return err
	}
	select {
	case err := <-ch:
		return err
	case <-p.gone:
		return base.ErrUnlinked
	case <-ctx.Done():
		return ctx.Err()
	}
}

// answered takes the answer to a request.
func (p *far) answered(id uint64, err error) {
	p.asking.Lock()
	defer p.asking.Unlock()
	if ch := p.asked[id]; ch != nil {
		ch <- err // once: it has room for one
		delete(p.asked, id)
	}
}

// byFrames reports whether runtimes of one process exchange frames, as those of several
// do. It is for tests of these: the environment says so.
func byFrames() bool { return os.Getenv("NEURORAN_LINK") == "frames" }

// direct is the transport between two runtimes of one process: it hands frames over.
type direct struct{ from, to *Runtime }

// Send implements [Transport].
func (d direct) Send(_ base.NodeID, class base.FrameClass, f *base.Frame) error {
	f.Bytes() // in one piece
	f.Hold()  // after an error it is the caller's still
	err := d.to.Receive(d.from.set.Node, d.from.set.Incarnation, class, f)
	if err == nil {
		f.Release()
	}
	return err
}

// linkByFrames links two runtimes of one process as if they were of two: each reads the
// other's hello, and everything between them becomes bytes.
func linkByFrames(a, b *Runtime) error {
	for _, r := range []*Runtime{a, b} {
		x := a
		if r == a {
			x = b
		}
		if p := r.peer(x.set.Node); p != nil && p.local() == x {
			return nil
		}
	}
	toA, toB := a.Hello(), b.Hello()
	pa, err := a.wire.ReadHello(toB, a.set.Clock(), a.clockID())
	if err != nil {
		return err
	}
	pb, err := b.wire.ReadHello(toA, b.set.Clock(), b.clockID())
	if err != nil {
		return err
	}
	a.connect(newFar(a, pa, direct{a, b}, b))
	b.connect(newFar(b, pb, direct{b, a}, a))
	return nil
}
