// SPDX-License-Identifier: Apache-2.0

package world

import (
	"testing"
	"time"
)

// TestLastPushes lets sources be as far behind those that push for them as they may be
// when pushing ends. To catch up takes them no more than half of the time that the world
// has left: their own pace would else be reported as a runtime that refuses them.
func TestLastPushes(t *testing.T) {
	seeds := uint64(40)
	if testing.Short() {
		seeds = 10
	}
	behind := 0
	for seed := range seeds {
		cfg := Calm(seed)
		cfg.Virtual = 500 * time.Millisecond
		r, err := begin(cfg)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, f := range r.feeders {
			if f.leader != nil {
				f.ahead = mostAhead * f.flow.step[f.at]
			}
		}
		r.m.run(r.end)
		for _, f := range r.feeders {
			if f.leader != nil && f.next > f.leader.next+f.flow.step[f.at] {
				behind++
			}
		}
		r.m.run(r.end.Add(rest / 2))
		for _, f := range r.feeders {
			if !f.done {
				t.Errorf("seed %d: %s at key %d is at slot %d %v after the end", seed, r.p.outlets[f.flow.outlet], f.key, f.next, rest/2)
			}
		}
		if err := r.m.close(); err != nil {
			t.Error(err)
		}
	}
	if behind == 0 {
		t.Error("no source was behind")
	}
}
