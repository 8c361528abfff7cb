// SPDX-License-Identifier: Apache-2.0

package endure

import (
	"os"
	"strings"
	"testing"
	"time"
)

// seeds runs some worlds, ten times as many with NEURORAN_LONG set.
func TestSeeds(t *testing.T) {
	n := uint64(15)
	if os.Getenv("NEURORAN_LONG") != "" {
		n = 2000
	}
	bad, crashes, messages, begin := 0, 0, uint64(0), time.Now()
	for seed := range n {
		r, err := Run(Config{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		crashes, messages = crashes+r.Crashes, messages+r.Messages
		if r.Count > 0 {
			if bad++; bad < 5 {
				t.Errorf("seed %d: %d violations\n%s", seed, r.Count, strings.Join(r.Violations, "\n"))
			}
		}
	}
	t.Logf("seeds=%d bad=%d crashes=%d messages=%d seeds/s=%.1f", n, bad, crashes, messages, float64(n)/time.Since(begin).Seconds())
}
