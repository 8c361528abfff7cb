// SPDX-License-Identifier: Apache-2.0

package live

import (
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// bed is where a thread sleeps until somebody wakes it. Who wakes one that is awake
// spares it the next sleep.
type bed interface {
	wake()
	// sleep waits for a wake, or for d at most, and reports whether there was one.
	// It is for one goroutine at a time.
	sleep(d time.Duration) bool
}

// forever is a sleep without an end of its own.
const forever = time.Duration(base.Never)

// newBed returns the bed of a real-time thread, or of any other.
func newBed(realTime bool) bed {
	if realTime {
		if b := newKernelBed(); b != nil {
			return b
		}
	}
	b := &channelBed{signal: make(chan struct{}, 1), timer: time.NewTimer(time.Hour)}
	b.timer.Stop()
	return b
}

// channelBed is that of goroutines, and of threads that share processors with others:
// to wake one costs less.
//
// The channel has room for one token: a wake that comes before the sleep is not lost, and
// a second one adds nothing.
type channelBed struct {
	signal chan struct{}
	timer  *time.Timer
}

func (b *channelBed) wake() {
	select {
	case b.signal <- struct{}{}:
	default:
	}
}

func (b *channelBed) sleep(d time.Duration) bool {
	if d == forever {
		<-b.signal
		return true
	}
	b.timer.Reset(d)
	select {
	case <-b.signal:
		b.timer.Stop()
		return true
	case <-b.timer.C:
		return false
	}
}
