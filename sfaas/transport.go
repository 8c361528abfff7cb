// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/live"
)

// Transport carries frames between runtimes of several processes: package sfaas/peer
// is one, over TCP and Unix sockets. It is a small contract of two sides:
//
//	transport                                runtime
//	  brings Hello of each to the other ──►  Connect
//	  Send                               ◄── what goes there
//	  brings frames, in order by class   ──► Receive
//	  says that a connection is lost     ──► Disconnect
//
// Between Connect and Disconnect no frame is lost, repeated, changed or overtaken by
// another one of its class. A transport that has lost a connection and can make it
// again, to the same life of the other runtime, need not disconnect if it sends again
// what did not arrive. If it has a method Lost() <-chan struct{}, whose channel is closed while
// there is no connection, claims and releases do not wait until that runtime has heard of them.
type Transport = live.Transport

// Frame is what a transport carries: bytes in a pooled buffer that begins at a
// multiple of 64 bytes. [Runtime.Frame] makes one to read into.
type Frame = base.Frame

// FrameClass says how a transport treats a frame.
type FrameClass = base.FrameClass

const (
	// Ordered frames are messages, what acknowledges them, and news of units.
	Ordered = base.Ordered
	// Bulk frames are units that move: large ones, behind which nothing waits.
	Bulk = base.Bulk
	// HostFrames are between host code: few, and first.
	HostFrames = base.HostFrames
)

// Hello returns what a transport brings to another runtime when a connection begins:
// who this one is, its graph with its digests, and all routes that it knows.
func (r *Runtime) Hello() []byte { return r.rt.Hello() }

// Incarnation returns the number of the runtime's life, see [WithIncarnation]. A number
// that the clock has given is shown to nobody before it is certain that no earlier process
// had it: in the first quarter of a second of a process Incarnation and Hello wait for that.
func (r *Runtime) Incarnation() uint32 { return r.rt.Incarnation() }

// Connect links the runtime that a [Runtime.Hello] is of, and to which t carries
// frames from now on. The two may run apps that differ: parts and edges about which
// they disagree are refused one by one, with a [*DigestError] that names them, and a
// unit in mode [Kept] may also have cells of an older version that can be upgraded.
// They differ in their numbers, agree on default owners, and seal under one key if
// anything is sealed. An error says what of this does not hold; nothing has changed
// then. A runtime that is linked under the same number is disconnected first.
func (r *Runtime) Connect(t Transport, hello []byte) (node NodeID, incarnation uint32, err error) {
	return r.rt.Connect(t, hello)
}

// Disconnect forgets a runtime that was connected, in one life of it: what was on its
// way there and from there is lost. What is kept for its units waits for its next
// connection, and so do moves to it whose outcome is not known: it is asked then.
func (r *Runtime) Disconnect(node NodeID, incarnation uint32) { r.rt.Disconnect(node, incarnation) }

// Frame returns a frame of a size, for a transport to read into.
func (r *Runtime) Frame(size int) *Frame { return r.rt.Frame(size) }

// Receive takes a frame that has come from a runtime that is connected, in one life of
// it, and owns it from then on. It does not wait for handlers. Frames of one class come in
// order; calls for different runtimes and classes may overlap.
//
// It returns [ErrUnlinked] for a frame of an earlier life or of a runtime that is not
// connected. An error that is an [ErrDigest] concerns what this frame is about alone. Any
// other one wraps [ErrFrame]: the bytes are wrong, nothing has changed, and a transport
// gives the connection up.
func (r *Runtime) Receive(from NodeID, incarnation uint32, class FrameClass, f *Frame) error {
	return r.rt.Receive(from, incarnation, class, f)
}

// Lend lets the calling goroutine, which is about to wait for more bytes from a runtime,
// run what has come from there since the last call, where the worker that it is for
// sleeps: so no other goroutine has to be woken, which takes longer than a short handler.
// A transport that calls it once owes it before each wait, since [Runtime.Receive] wakes
// nobody for that runtime any more.
//
// It returns after some dozens of microseconds, or a handler that takes longer; then the
// next frames wake the worker again. If a handler blocks for too long, or ends its
// goroutine, the caller is lost: the call does not return, and lost is called by another
// goroutine, so that somebody goes on in its place. With lost nil the worker is woken, as
// who lends no more owes it.
func (r *Runtime) Lend(from NodeID, incarnation uint32, lost func()) {
	r.rt.Lend(from, incarnation, lost)
}
