// SPDX-License-Identifier: Apache-2.0

package core

import "testing"

// TestWatermarkOpen does a later message before an earlier one, as with a setting
// that waits for its slot: the earlier one stays open, and is not acknowledged.
func TestWatermarkOpen(t *testing.T) {
	var w watermark
	first, second := place{epoch: 1, count: 4}, place{epoch: 1, count: 7}
	w.take(first)
	w.take(second)
	w.close(second)
	if !w.isOpen(first) || w.isOpen(second) {
		t.Errorf("open: %v, %v; want true, false", w.isOpen(first), w.isOpen(second))
	}
	w.close(first)
	w.close(first) // a second time changes nothing
	if w.isOpen(first) || len(w.open) != 0 {
		t.Errorf("%d messages are open after all are done", len(w.open))
	}
	if !(place{epoch: 2, count: 1}).after(w.taken) || first.after(w.taken) {
		t.Error("places are compared by epoch, then count")
	}
}
