// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestRun(t *testing.T) {
	for _, name := range []string{"sinr", "work"} {
		var out bytes.Buffer
		cfg := config{receiver: "ls", prb: 24, slots: 4, rounds: 1, seed: 1, out: json.NewEncoder(&out)}
		if err := cfg.run(name); err != nil || out.Len() == 0 {
			t.Errorf("%s: %q, %v", name, &out, err)
		}
	}
	for _, cfg := range []config{{slots: 0, rounds: 1}, {slots: 1, rounds: 1, prb: 25}} {
		if err := cfg.run("work"); err == nil {
			t.Errorf("%+v: no error", cfg)
		}
	}
	if err := (&config{slots: 1, rounds: 1}).run("x"); err == nil {
		t.Error("x: no error")
	}
}
