// SPDX-License-Identifier: Apache-2.0

package core

import "testing"

// TestWatermarkOpen does a later message before an earlier one, as with a setting
// that waits for its slot: the earlier one stays open, and is not acknowledged.
func TestWatermarkOpen(t *testing.T) {
	var w Watermark
	first, second := Place{Epoch: 1, Count: 4}, Place{Epoch: 1, Count: 7}
	w.take(first)
	w.take(second)
	w.close(second)
	if !w.isOpen(first) || w.isOpen(second) {
		t.Errorf("open: %v, %v; want true, false", w.isOpen(first), w.isOpen(second))
	}
	w.close(first)
	w.close(first) // a second time changes nothing
	if w.isOpen(first) || len(w.Open) != 0 {
		t.Errorf("%d messages are open after all are done", len(w.Open))
	}
	if !(Place{Epoch: 2, Count: 1}).after(w.Taken) || first.after(w.Taken) {
		t.Error("places are compared by epoch, then count")
	}
}
