// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"testing"
)

// TestMain lets the test binary be one of the processes.
func TestMain(m *testing.M) {
	if text := os.Getenv(roleEnv); text != "" {
		if err := work(text); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestRows measures a few slots of each system, with a change and a death in their midst.
func TestRows(t *testing.T) {
	got := map[string]float64{}
	for _, row := range []string{"cpu", "reliability", "management", "composability"} {
		var out bytes.Buffer
		if err := measure([]string{"-slots", "40", "-pace", "10ms", "-row", row, "-json"}, &out); err != nil {
			t.Fatal(err)
		}
		for in := json.NewDecoder(&out); ; {
			var x figure
			if err := in.Decode(&x); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if x.Value < 0 || x.Cells != 1 {
				t.Errorf("%+v", x)
			}
			got[x.System+" "+x.Row+" "+x.What] = x.Value
		}
	}
	for _, k := range kinds {
		if got[string(k)+" cpu processor time of a slot and cell"] <= 0 {
			t.Errorf("%s takes no processor time: %v", k, got)
		}
		if _, ok := got[string(k)+" reliability transmissions lost by it"]; !ok {
			t.Errorf("%s has survived nothing", k)
		}
	}
	if n := got["neuroran composability functions replaceable alone"]; n != 9 {
		t.Errorf("%v functions can be replaced, want 9", n)
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{{"-cells", "0"}, {"-cells", "100"}, {"-slots", "0"}, {"-pace", "-1s"}, {"-what"}} {
		if err := measure(args, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
