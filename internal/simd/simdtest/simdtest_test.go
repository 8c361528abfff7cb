// SPDX-License-Identifier: Apache-2.0

package simdtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEach: each implementation comes with those before it, one that the CPU lacks
// is skipped, and the variables are afterwards what they were.
func TestEach(t *testing.T) {
	narrow, wide, absent := true, true, false
	var got []string
	Implementations{{Name: "narrow", Use: &narrow}, {Name: "wide", Use: &wide}, {Name: "absent", Use: &absent}}.Each(t, func(t *testing.T) {
		_, name, _ := strings.Cut(t.Name(), "impl=")
		got = append(got, fmt.Sprint(name, " ", narrow, " ", wide, " ", absent))
	})
	want := []string{"generic false false false", "narrow true false false", "wide true true false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if !narrow || !wide || absent {
		t.Errorf("afterwards %t, %t, %t, want true, true, false", narrow, wide, absent)
	}
}
