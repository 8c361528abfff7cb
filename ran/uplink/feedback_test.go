// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"errors"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// TestFeedbackEdge has a scheduler in a part of its own, which is kept, beside a receiver that is
// soft: grants cross one way and feedback the other, each over a cut and without a promise.
func TestFeedbackEdge(t *testing.T) {
	for _, host := range []bool{false, true} {
		c := newScheduling(t, host)
		cuts := map[string]int{}
		for _, e := range c.App.Edges() {
			if e.Cut == "" {
				continue
			}
			cuts[e.Cut]++
			if e.Guarantee != sfaas.AtMostOnce || (e.Cut == "feedback") != (e.To == c.Scheduler.Fn.Name()) {
				t.Errorf("edge %+v", e)
			}
		}
		if feedback := cuts["feedback"]; cuts["grants"] < 2 || (feedback == 1) == host {
			t.Errorf("host %v: cuts %v", host, cuts)
		}
		kept := 0
		for _, p := range c.App.Parts() {
			if !p.Soft {
				kept++
			}
		}
		if kept != 1 || len(c.App.Parts()) != 2 {
			t.Errorf("parts %+v", c.App.Parts())
		}
		r, err := c.Receive(ReceiverConfig{})
		if err != nil {
			t.Fatal(err)
		}
		key := block.CellKey(1)
		byHost := r.Feedback(key, 0, func(f *block.Feedback) error { f.Reset(0); return nil })
		inside := r.Calibrate(key, 0, 1)
		if host != (byHost == nil) || host != errors.As(inside, new(*nr.FieldError)) {
			t.Errorf("host %v: %v, %v", host, byHost, inside)
		}
		if err := errors.Join(r.Close(), c.Close()); err != nil {
			t.Error(err)
		}
	}
}
