// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestRun decodes the shipped recording: the gain of every channel is told, and the
// third party's estimator is as good as any.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(&out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "strong true"); n < 3 || !strings.Contains(out.String(), "5 of 5 passed") {
		t.Errorf("%d gains in\n%s", n, out.String())
	}
}
