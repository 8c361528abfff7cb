// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"context"
	"errors"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/uplink"
)

// TestCheckRefuses plays recordings that phy/capture has not made fit: at another
// sample rate than the carrier's, or with positions that are not known.
func TestCheckRefuses(t *testing.T) {
	f := openFrame(t)
	chain := f.chain(t)
	for name, change := range map[string]func(){
		"sample rate": func() { f.rec.SampleRate = 20e6 },
		"positions":   func() { f.rec.Unaligned = true },
	} {
		before := *f.rec
		change()
		var field *nr.FieldError
		if _, err := chain.Play(context.Background(), f.rec, uplink.PlayConfig{}); !errors.As(err, &field) || field.Field != "core:sample_rate" {
			t.Errorf("%s: got %v", name, err)
		}
		*f.rec = before
	}
}
