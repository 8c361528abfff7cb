// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
)

// rows plays a case and returns what it prints.
func rows(t *testing.T, args ...string) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	if _, err := run(context.Background(), args, &out); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	var all []map[string]any
	for line := range strings.Lines(out.String()) {
		r := map[string]any{}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %q: %v", args, line, err)
		}
		all = append(all, r)
	}
	return all
}

// TestCases plays a few slots of every case, and the same again by more workers.
func TestCases(t *testing.T) {
	for _, c := range []struct {
		args string
		rows int
	}{
		{"-case silent -receivers lmmse -prb 4 -snr 20 -trials 4", 2 * 2 * 3},
		{"-case part -receivers lmmse -rx 2 -trials 20", 1},
		{"-case antenna -receivers lmmse -prb 4 -rx 2 -trials 4", 8},
		{"-case interferer -receivers ls,perfect -prb 24 -rx 4 -inr 20 -trials 4", 2 * 3},
		{"-case order -receivers lmmse -prb 4 -snr 4 -rx 1,2 -trials 4", 2 * 2},
		{"-case floor -receivers lmmse -profiles flat -prb 4 -trials 4", 2},
	} {
		args := strings.Fields(c.args)
		one, many := rows(t, append(args, "-workers", "1")...), rows(t, append(args, "-workers", "3")...)
		if len(one) != c.rows {
			t.Errorf("%s: %d rows, want %d", c.args, len(one), c.rows)
		}
		a, _ := json.Marshal(one)
		b, _ := json.Marshal(many)
		if !bytes.Equal(a, b) {
			t.Errorf("%s: one worker %s, three workers %s", c.args, a, b)
		}
	}
}

// TestLimits: a receiver that is told everything loses next to nothing to an interferer
// beyond the closed form.
func TestLimits(t *testing.T) {
	for _, r := range rows(t, "-case", "interferer", "-receivers", "perfect", "-profiles", "flat", "-prb", "24", "-rx", "4", "-trials", "10") {
		if r["met"] != true || r["beyond_db"].(float64) > 0.05 {
			t.Errorf("perfect receiver: %v", r)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, args := range [][]string{{"-case", "x"}, {"-prb", "a"}, {"-receivers", "x"}, {"-case", "floor", "-profiles", "x"}, {"-trials", "-1"}} {
		if _, err := run(context.Background(), args, &bytes.Buffer{}); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
