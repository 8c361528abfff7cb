// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"testing"
)

// TestMistakes makes all mistakes: each is refused or diagnosed by the right field, and
// what is no mistake by none.
func TestMistakes(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a program for each mistake")
	}
	rows, err := judgeAll(context.Background(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 65 {
		t.Errorf("%d mistakes", len(rows))
	}
	for _, r := range rows {
		if !r.right {
			t.Errorf("%s: want %q, got %s", r.name, r.fields, r.said)
		}
	}
	var out bytes.Buffer
	print(&out, rows)
	t.Log("\n" + out.String())
}

// TestArguments refuses what it does not know.
func TestArguments(t *testing.T) {
	for _, args := range [][]string{{"more"}, {"-colour"}, {"-jobs", "0"}} {
		var out, errs bytes.Buffer
		if code := run(context.Background(), args, &out, &errs); code != 2 {
			t.Errorf("%q: exit %d", args, code)
		}
	}
}
