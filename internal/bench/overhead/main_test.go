// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/internal/testvec"
)

// TestReport lets both sides run once: they compute the same, and accel
// allocates nothing. The times are for who reads them.
func TestReport(t *testing.T) {
	for _, i := range accel.Probe() {
		if i.Device == accel.CPU && !i.Available {
			testvec.Require(t, "ort", false, i.Reason.Error())
		}
	}
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip(err)
	}
	var out strings.Builder
	if err := report(&out, 1); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 1+len(nets) {
		t.Fatalf("got\n%s", &out)
	}
	for _, line := range lines[1:] {
		if !strings.HasSuffix(line, " 0") {
			t.Errorf("allocates: %s", line)
		}
	}
}
