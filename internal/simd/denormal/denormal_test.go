// SPDX-License-Identifier: Apache-2.0

package denormal_test

import (
	"math"
	"runtime"
	"testing"

	"github.com/neuroran/neuroran/internal/simd/denormal"
)

// halved returns the bits of half a number, computed where it is called: a
// comparison of the number itself would flush it too.
//
//go:noinline
func halved(v float32) uint32 { return math.Float32bits(v / 2) }

// TestNested flushes twice and restores in turn: only the outer one turns the
// mode off again.
func TestNested(t *testing.T) {
	if !denormal.Supported() {
		t.Skip("no such mode on this processor")
	}
	tiny := math.Float32frombits(4)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	outer := denormal.Flush()
	inner := denormal.Flush()
	denormal.Restore(inner)
	got := halved(tiny)
	denormal.Restore(outer)
	if got != 0 {
		t.Errorf("after the inner Restore: got bits %x, want 0", got)
	}
	if halved(tiny) == 0 {
		t.Error("after the outer Restore denormals are still flushed")
	}
}

// TestOtherThreads checks that only the calling thread is changed.
func TestOtherThreads(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	old := denormal.Flush()
	defer denormal.Restore(old)
	tiny, got := math.Float32frombits(4), make(chan uint32)
	go func() { got <- halved(tiny) }() // another thread, as this one is locked
	if <-got == 0 {
		t.Error("denormals are flushed on another thread")
	}
}

func TestNoAllocs(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		runtime.LockOSThread()
		denormal.Restore(denormal.Flush())
		runtime.UnlockOSThread()
	}); n != 0 {
		t.Errorf("allocates %g times", n)
	}
}

// BenchmarkFlush is what a kernel pays: locking, both switches, unlocking.
func BenchmarkFlush(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		runtime.LockOSThread()
		denormal.Restore(denormal.Flush())
		runtime.UnlockOSThread()
	}
}
