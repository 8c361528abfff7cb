// SPDX-License-Identifier: Apache-2.0

package base

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"unsafe"
)

// FrameClass says how a transport treats a frame. Frames of one class keep their order;
// those of another one may overtake them.
type FrameClass uint8

const (
	// Ordered frames are messages, what acknowledges them, and news of units.
	Ordered FrameClass = iota
	// Bulk frames are units that move: large ones, behind which nothing waits.
	Bulk
	// HostFrames are between host code: few, and first.
	HostFrames

	FrameClasses = 3 // number of classes
)

// String returns one word.
func (c FrameClass) String() string {
	if c < FrameClasses {
		return [...]string{"ordered", "bulk", "host"}[c]
	}
	return "invalid"
}

const (
	frameAlign = 64
	frameLeast = 9        // the smallest buffers that are pooled have 512 bytes,
	frameMost  = 23       // the largest ones 8 MiB,
	frameBytes = 16 << 20 // and so much is kept in all
)

// FramePool holds the buffers of frames, by powers of two. Its zero value is ready.
// It may be used concurrently. The one that was released last is used first, since it is
// in the cache; a sync.Pool would keep it for the processor that released it, which is
// never the one that reads from a socket.
type FramePool struct {
	kept  atomic.Int64 // bytes that are free
	sizes [frameMost + 1]struct {
		mu   sync.Mutex
		free []*Frame
	}
}

// Frame is what a transport carries: bytes in a buffer of a pool. The buffer begins
// at a multiple of 64 bytes. A frame belongs to one holder at a time, who releases
// it once.
type Frame struct {
	b    []byte
	more [][]byte // what follows b and lies elsewhere, padding included
	of   Releaser // who holds that
	pool *FramePool
	done func(size int) // is told of the release
	size int
	refs atomic.Int32

	follows, canWait bool
}

// Releaser is what has memory that a frame borrows, until it is released.
type Releaser interface {
	// Release says that the memory is not needed any more.
	Release()
}

// Get returns a frame of a size; its bytes are those of its last use.
func (p *FramePool) Get(size int) *Frame {
	class := max(bits.Len(uint(max(size, 1)-1)), frameLeast)
	if class > frameMost {
		f := &Frame{b: alignedBytes(size), pool: p}
		f.refs.Store(1)
		return f
	}
	var f *Frame
	at := &p.sizes[class]
	at.mu.Lock()
	if n := len(at.free) - 1; n >= 0 {
		f, at.free[n] = at.free[n], nil
		at.free = at.free[:n]
		p.kept.Add(-1 << class)
	}
	at.mu.Unlock()
	if f == nil {
		f = &Frame{b: alignedBytes(1 << class), pool: p}
	}
	f.b = f.b[:size]
	f.refs.Store(1)
	return f
}

// alignedBytes returns memory that begins at a multiple of 64 bytes.
func alignedBytes(n int) []byte {
	b := make([]byte, n+frameAlign)
	at := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (frameAlign - 1)
	return b[at : at+n : at+n]
}

// Bytes returns the content. It is good until the frame is released. Parts of it that lie
// elsewhere are copied; a transport that can write several parts at once takes
// [Frame.Parts].
func (f *Frame) Bytes() []byte {
	if len(f.more) > 0 {
		g := f.pool.Get(f.Size())
		n := copy(g.b, f.b)
		for _, x := range f.more {
			n += copy(g.b[n:], x)
		}
		f.giveBack()
		f.b, g.b = g.b, f.b
		g.Release()
	}
	return f.b
}

// Parts appends the parts of the content to dst, in order and without a copy.
func (f *Frame) Parts(dst [][]byte) [][]byte { return append(append(dst, f.b), f.more...) }

// Size returns how many bytes there are.
func (f *Frame) Size() int {
	n := len(f.b)
	for _, x := range f.more {
		n += len(x)
	}
	return n
}

// Borrow lets memory follow the content without a copy, each piece at a multiple of 64
// bytes from the beginning. It belongs to of, which is released when the frame is, or
// when the pieces have been copied.
func (f *Frame) Borrow(pieces [][]byte, of Releaser) {
	n := len(f.b)
	for _, x := range pieces {
		if pad := -n & (frameAlign - 1); pad > 0 {
			f.more = append(f.more, padding[:pad])
			n += pad
		}
		f.more = append(f.more, x)
		n += len(x)
	}
	f.of = of
}

// padding is what lies between borrowed pieces; nobody writes to it.
var padding [frameAlign]byte

// CutAligned returns the piece of so many bytes that begins at the first multiple of 64
// bytes from offset at on, and the offset behind it; nil if there is none.
func CutAligned(frame []byte, at, size int) ([]byte, int) {
	at += -at & (frameAlign - 1)
	if size < 0 || at > len(frame) || size > len(frame)-at {
		return nil, at
	}
	return frame[at : at+size : at+size], at + size
}

func (f *Frame) giveBack() {
	clear(f.more)
	f.more = f.more[:0]
	if f.of != nil {
		f.of.Release()
		f.of = nil
	}
}

// SetBytes makes b the content: that of the frame with something appended. If it had
// to grow, the frame keeps the new buffer.
func (f *Frame) SetBytes(b []byte) { f.b = b }

// Hint says how soon the frame is to leave: follows, that another frame for the same
// runtime is sent at once, so that one system call can do for both; canWait, that it does
// no harm if it leaves with the next frame or a fraction of a millisecond later. Both are
// false in a new frame.
func (f *Frame) Hint(follows, canWait bool) { f.follows, f.canWait = follows, canWait }

// Follows reports whether another frame for the same runtime is sent at once after this
// one. A transport may wait for it.
func (f *Frame) Follows() bool { return f.follows }

// CanWait reports whether it does no harm if the frame leaves with the next one, or a
// fraction of a millisecond later. A transport that keeps it keeps the order.
func (f *Frame) CanWait() bool { return f.canWait }

// Hold adds a holder: the frame is released for good when all have released it.
func (f *Frame) Hold() { f.refs.Add(1) }

// OnRelease names who is told when the frame has been released for good, with the size
// that it has now.
func (f *Frame) OnRelease(done func(size int)) { f.done, f.size = done, f.Size() }

// Keep lets the caller keep the bytes for good: it is Release, but the buffer is not
// used again.
func (f *Frame) Keep() {
	f.pool = nil
	f.Release()
}

// Release gives the frame back to its pool.
func (f *Frame) Release() {
	if f.refs.Add(-1) > 0 {
		return
	}
	if f.done != nil {
		f.done(f.size)
		f.done = nil
	}
	f.giveBack()
	f.follows, f.canWait = false, false
	class := bits.Len(uint(cap(f.b))) - 1 // what has grown has another class
	if f.pool == nil || class < frameLeast || class > frameMost {
		return
	}
	f.b = f.b[:0]
	if f.pool.kept.Add(1<<class) > frameBytes {
		f.pool.kept.Add(-1 << class)
		return
	}
	at := &f.pool.sizes[class]
	at.mu.Lock()
	at.free = append(at.free, f)
	at.mu.Unlock()
}
