// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/acceltest"
)

// TestMain lets the program under test start itself as its child.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestEveryDevice(t *testing.T) {
	m, err := acceltest.DeepRx(1, 4, 12)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "deeprx.onnx")
	if err := os.WriteFile(path, m.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-json"}, {"-json", "-model", path, "-batch", "2"}} {
		var stdout, stderr bytes.Buffer
		if code := run(context.Background(), args, &stdout, &stderr); code != 0 || stderr.Len() > 0 {
			t.Fatalf("%v: status %d, %s", args, code, &stderr)
		}
		want := map[accel.Device]bool{}
		for _, i := range accel.Probe() {
			want[i.Device] = i.Available
		}
		lines := bufio.NewScanner(&stdout)
		for lines.Scan() {
			var r result
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			available, known := want[r.Device]
			delete(want, r.Device)
			if !known || r.Available && !available || r.Available == (r.Reason != "") {
				t.Errorf("%v: %+v", args, r)
			}
			if r.Device != accel.Ref && !r.Available {
				continue
			}
			if !(r.P50 > 0) || r.P99 < r.P50 || r.MaxDev == nil || *r.MaxDev > 1e-4 || r.Allocs != 0 {
				t.Errorf("%v: %+v", args, r)
			}
		}
		if len(want) > 0 {
			t.Errorf("%v: nothing about %v", args, want)
		}
	}
}

func TestTable(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), nil, &stdout, &stderr); code != 0 {
		t.Fatalf("status %d, %s", code, &stderr)
	}
	for _, word := range []string{"P50", "ref", "ort/cpu", "ort/cuda:0", "ort/openvino:NPU"} {
		if !strings.Contains(stdout.String(), word) {
			t.Errorf("the table has no %s:\n%s", word, &stdout)
		}
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{{"extra"}, {"-nonsense"}, {"-batch", "-1"}, {"-model", "absent.onnx"}} {
		var stdout, stderr bytes.Buffer
		if code := run(context.Background(), args, &stdout, &stderr); code != 2 || stderr.Len() == 0 || stdout.Len() > 0 {
			t.Errorf("%v: status %d, %q, %q", args, code, &stdout, &stderr)
		}
	}
}
