// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestSlotClock runs 2 000 slots, or 100 000 with NEURORAN_LONG set, and prints
// the lateness. What it asserts does not depend on the machine: order, no slot
// left out, none early.
func TestSlotClock(t *testing.T) {
	slots := sfaas.Slot(2000)
	if os.Getenv("NEURORAN_LONG") != "" {
		slots = 100_000
	}
	stop := errors.New("stop")
	late := make([]time.Duration, 0, slots)
	err := sfaas.SlotClock{Period: 500 * time.Microsecond}.Run(context.Background(), func(n sfaas.Slot, d time.Duration) error {
		if int(n) != len(late) || d < 0 {
			t.Fatalf("slot %d after %d calls, late %v", n, len(late), d)
		}
		if late = append(late, d); n == slots-1 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) {
		t.Fatalf("got %v, want %v", err, stop)
	}
	slices.Sort(late)
	t.Logf("slots=%d p50=%v p99=%v max=%v", slots, late[slots/2], late[slots*99/100], late[slots-1])
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := (sfaas.SlotClock{Period: time.Millisecond}).Run(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
