// SPDX-License-Identifier: Apache-2.0

//go:build linux

package live

import (
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernelBed is that of real-time threads. On a channel a locked goroutine is woken by
// way of some other thread of Go's, which finds it ready and hands over to its own:
// one without priority, which may wait behind every neighbour of the machine. So the
// thread sleeps in the kernel, which lets it go on as its policy says.
//
//	free --sleep--> taken --wake--> token --sleep ends--> free
//	free --wake--> token
type kernelBed struct{ word atomic.Uint32 }

// States of the word.
const (
	bedFree  = 0 // the thread is awake
	bedTaken = 1 // it sleeps, or is about to
	bedToken = 2 // it has been woken
)

func newKernelBed() bed { return &kernelBed{} }

// Operations of futex(2) within one process.
const (
	futexWait = 0 | 128
	futexWake = 1 | 128
)

// wake leaves a token. Swap and compare make the three states atomic: a wake between the
// check and the futex call changes the word, and the kernel then returns at once.
func (b *kernelBed) wake() {
	if b.word.Swap(bedToken) == bedTaken {
		_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&b.word)), futexWake, 1, 0, 0, 0)
	}
}

func (b *kernelBed) sleep(d time.Duration) bool {
	if !b.word.CompareAndSwap(bedFree, bedTaken) {
		b.word.Store(bedFree)
		return true
	}
	end := time.Time{}
	var limit *unix.Timespec
	if d != forever {
		end = time.Now().Add(d)
	}
	for b.word.Load() == bedTaken {
		if !end.IsZero() {
			left := time.Until(end)
			if left <= 0 {
				break
			}
			ts := unix.NsecToTimespec(left.Nanoseconds())
			limit = &ts
		}
		// What has changed meanwhile, a signal and the end of the time all lead to
		// another look.
		_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&b.word)), futexWait, bedTaken, uintptr(unsafe.Pointer(limit)), 0, 0)
	}
	return b.word.Swap(bedFree) == bedToken
}
