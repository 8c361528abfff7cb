// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// The processes that the program starts are this test.
func TestMain(m *testing.M) {
	if text := os.Getenv(roleEnv); text != "" {
		if err := serve(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A short run with its kill and its drain: cells go on, and little is lost.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes for some seconds")
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-nodes", "4", "-cells", "2", "-minutes", "0.2", "-json"}, &out); err != nil {
		t.Fatal(err)
	}
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Blocks < 1000 || r.Lost > r.Blocks/4 || r.KillMS <= 0 || r.DrainMS <= 0 || r.Joules <= 0 || r.FinalW >= r.SpreadW+1 {
		t.Errorf("%+v", r)
	}
	t.Logf("%+v", r)
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{{"-nodes", "2"}, {"-cells", "0"}, {"-minutes", "0"}, {"-what"}} {
		if err := run(t.Context(), args, &bytes.Buffer{}); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
