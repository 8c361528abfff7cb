// SPDX-License-Identifier: Apache-2.0

package testvec

import (
	"os"
	"strings"
	"testing"
)

// OpenEnv is the environment variable that, set to 1, lets tests of open defects
// run, and so fail, instead of skipping.
const OpenEnv = "NEURORAN_OPEN"

// openDefects is the one list of defects that are known, have a test, and are not
// mended: a number and what happens, one defect a line. Whoever mends a defect
// deletes its line, and the tests that name it hold from then on. D numbers are
// those of the review of the runtime, S numbers of the structure, B numbers of
// what a newcomer met.
const openDefects = `
	D3   a second answer commits whatever batch has its memory by then
	D6   a snapshot hangs when a linked runtime closes meanwhile
	D18  outputs vanish where a sink has no receiver; sinks do not move
	D21  the longest durations overflow
	D22  deleting from a volatile map while ranging over it panics
	D24  map keys of another form are misread after an upgrade
	D26  cancelling, emitting and staging are quadratic
	D27  the capacity of an edge is not that of its sources
	D28  pools are bounded by number, not by bytes
	D29  sources are refused while a snapshot is written out
	D31  a call by host code ignores the largest size of a message
	D32  a map keeps the memory of every deleted value
	S2   a control port declared after Apply panics
	B3   an early grant counts as late
	B4   a moment kept in a cell loses its meaning over a restore
	B5   outputs of another graph and impossible options are accepted
	B7   an error in a default grant blames an annotation
	B8   a device that is not used is printed as used
	B9   panels of the constellation have empty titles
	B10  the text of a fault says its package twice
	B12  control is skipped as late
`

// Defect begins a test of a defect that may be open: it skips the test, with the
// defect as the reason, while openDefects has a line for it and [OpenEnv] is not
// 1. A defect that is not listed is mended, and the test runs.
func Defect(tb testing.TB, id string) {
	tb.Helper()
	what, open := defect(id)
	if open && os.Getenv(OpenEnv) != "1" {
		tb.Skipf("open: %s, %s (run with %s=1)", id, what, OpenEnv)
	}
}

// defect returns what an open defect is, and whether it is open.
func defect(id string) (what string, open bool) {
	for line := range strings.Lines(openDefects) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == id {
			return strings.TrimSpace(text), true
		}
	}
	return "", false
}
