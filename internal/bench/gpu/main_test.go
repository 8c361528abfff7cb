// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/internal/testvec"
)

// TestOnCPU runs the whole program on the CPU, shortly: every table is there,
// and nothing computes anything else than ref.
func TestOnCPU(t *testing.T) {
	for _, i := range accel.Probe() {
		if i.Device == accel.CPU && !i.Available {
			testvec.Require(t, "ort", false, i.Reason.Error())
		}
	}
	var stdout, stderr strings.Builder
	if code := run(context.Background(), []string{"-devices", "ort/cpu", "-each", "1ms"}, &stdout, &stderr); code != 0 {
		t.Fatalf("status %d, %s\n%s", code, &stderr, &stdout)
	}
	for _, part := range []string{"| `ort/cuda:0` |", "# ort/cpu, f32", "| DeepRx |", "| 3276 |", "| 64 |", "binding and releasing", "16384 KiB"} {
		if !strings.Contains(stdout.String(), part) {
			t.Errorf("%q is missing in\n%s", part, &stdout)
		}
	}
}

// TestAbsentDevice names a device that is not there, and one that there is not.
func TestAbsentDevice(t *testing.T) {
	var stdout, stderr strings.Builder
	if code := run(context.Background(), []string{"-devices", "ort/cuda:99"}, &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), "not reached: ") {
		t.Errorf("status %d, %s\n%s", code, &stderr, &stdout)
	}
	if code := run(context.Background(), []string{"-devices", "gpu"}, &stdout, &stderr); code != 2 {
		t.Errorf("status %d", code)
	}
}

// TestTime ends before it begins: everything is named as not reached.
func TestTime(t *testing.T) {
	var stdout, stderr strings.Builder
	if code := run(context.Background(), []string{"-devices", "ort/cpu", "-limit", "1ns"}, &stdout, &stderr); code != 0 ||
		!strings.Contains(stdout.String(), "the time is over") {
		t.Errorf("status %d, %s\n%s", code, &stderr, &stdout)
	}
}

// TestScripts lets the shell read the scripts.
func TestScripts(t *testing.T) {
	for _, name := range []string{"pack.sh", "run.sh"} {
		if _, err := exec.LookPath("bash"); err != nil {
			t.Skip(err)
		}
		if out, err := exec.Command("bash", "-n", name).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}
