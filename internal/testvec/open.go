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
