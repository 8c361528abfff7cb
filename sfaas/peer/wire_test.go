// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"bytes"
	"runtime"
	"testing"
)

// TestGreetingIsBelievedByItsBytes reads the beginning of a greeting that says it is as large
// as one may be: whoever can dial can say so, and gets no more memory than it has sent.
func TestGreetingIsBelievedByItsBytes(t *testing.T) {
	g := greeting{status: statusNew, node: 1, hello: make([]byte, maxGreeting-greetingHead)}
	whole := g.append(nil)
	for _, sent := range []int{prefaceSize, 100 << 10} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := readGreeting(bytes.NewReader(whole[:sent]), maxGreeting); err == nil {
			t.Error("a part of a greeting is taken for one")
		}
		runtime.ReadMemStats(&after)
		if got, want := after.TotalAlloc-before.TotalAlloc, uint64(4*sent+4*unknown); got > want {
			t.Errorf("%d bytes of a greeting take %d of memory, want at most %d", sent, got, want)
		}
	}
	if got, err := readGreeting(bytes.NewReader(whole), maxGreeting); err != nil || len(got.hello) != len(g.hello) {
		t.Errorf("the whole greeting: %v", err)
	}
}
