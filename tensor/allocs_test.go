// SPDX-License-Identifier: Apache-2.0

package tensor

import "testing"

// TestNoAllocs lists every call that is made once a slot.
func TestNoAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	x, y := New[complex64]([]int{4, 14, 288}), New[complex64]([]int{4, 14, 288})
	var total int
	for name, call := range map[string]func(){
		"Resize":   func() { x.Resize(2, 14, 288); x.Resize(4, 14, 288) },
		"Row":      func() { total += len(x.Row(1, 2)) },
		"CopyFrom": func() { y.CopyFrom(&x) },
	} {
		if got := testing.AllocsPerRun(100, call); got != 0 {
			t.Errorf("%s: %v allocations, want 0", name, got)
		}
	}
}
