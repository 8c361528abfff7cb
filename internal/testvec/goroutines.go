// SPDX-License-Identifier: Apache-2.0

package testvec

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// LeavesNothing fails the test if goroutines are left when it ends, and five seconds later
// still, in whose stacks one of the words stands, such as "sfaas/peer.(". It is called
// first, so that it looks after everything else has been cleaned up.
func LeavesNothing(tb testing.TB, words ...string) {
	tb.Helper()
	tb.Cleanup(func() {
		var stacks string
		for begin := time.Now(); time.Since(begin) < 5*time.Second; time.Sleep(10 * time.Millisecond) {
			buf := make([]byte, 1<<20)
			stacks = string(buf[:runtime.Stack(buf, true)])
			if !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(stacks, w) }) {
				return
			}
		}
		tb.Errorf("goroutines are left:\n%s", stacks)
	})
}
