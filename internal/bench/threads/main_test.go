// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// TestMain lets the test binary be a neighbour.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == spinArg {
		if err := spin(); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestRun plays a few slots of each kind: every slot that is late is counted, and a
// share is one.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run([]string{"-slots", "40", "-rounds", "1", "-neighbours", "1", "-json"}, &out); err != nil {
		t.Fatal(err)
	}
	var rows []row
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(kindsOf()) {
		t.Fatalf("%d rows", len(rows))
	}
	for _, r := range rows {
		if r.Alone < 0 || r.Alone > 1 || r.Beside < 0 || r.Beside > 1 {
			t.Errorf("%+v", r)
		}
	}
	out.Reset()
	if err := run([]string{"-budget", "1ns", "-slots", "20", "-rounds", "1", "-neighbours", "0", "-json"}, &out); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Refused == "" && r.Alone != 1 {
			t.Errorf("no slot can be kept within 1 ns, %+v", r)
		}
	}
	for _, args := range [][]string{{"-slots", "0"}, {"-period", "0s"}, {"-what"}} {
		if err := run(args, &out); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
