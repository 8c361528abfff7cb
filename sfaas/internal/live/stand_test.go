// SPDX-License-Identifier: Apache-2.0

package live

import (
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// TestLetGoBeforeItStands lets a worker go on before it has read that it is to stand, as a
// snapshot does that is given up: its thread does not sleep, though no wake is left for it.
func TestLetGoBeforeItStands(t *testing.T) {
	goOn := make(chan struct{})
	th := &thread{bed: newBed(false)}
	w := &worker{stands: goOn, alarm: base.Never, on: th}
	seats := []*worker{w}
	th.seats.Store(&seats)
	th.own.Lock()
	if got := w.untilAlarm(); got != forever {
		t.Errorf("who stands sleeps for %v, want until it is woken", got)
	}
	close(goOn)
	woken := make(chan bool)
	go func() { woken <- th.sleep() }()
	select {
	case open := <-woken:
		if !open || w.sleeps() {
			t.Errorf("the thread is open: %v, its worker sleeps: %v, want it to go on", open, w.sleeps())
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the thread sleeps for ever")
	}
}
