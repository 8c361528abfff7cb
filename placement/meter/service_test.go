// SPDX-License-Identifier: Apache-2.0

package meter_test

import (
	"errors"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

func energy(joules float64) resource.Energy {
	return resource.Energy{Joules: joules, Basis: resource.Modelled}
}

// TestService serves slots in time, late, and not at all, and says which term is broken.
func TestService(t *testing.T) {
	for _, c := range []struct {
		name   string
		late   int // of 10 000 slots
		missed int
		every  time.Duration
		broken meter.Term
	}{
		{"good", 9, 0, slot, ""},
		{"late", 11, 0, slot, meter.Latency},
		{"missed", 0, 20, slot, meter.Availability},
		{"slow", 0, 0, 2 * slot, meter.Throughput},
	} {
		sla := meter.SLA{Deadline: time.Millisecond, Quantile: 0.999, Throughput: 1990, Availability: 0.9985}
		s := meter.NewService(sla)
		for n := range 10000 {
			at := sfaas.Time(n) * sfaas.Time(c.every)
			s.Due(sfaas.Slot(n), at)
			s.Due(sfaas.Slot(n), at+5) // what is pushed again is due once
			took := 300 * time.Microsecond
			if n >= 500 && n < 500+c.missed {
				continue
			}
			if n >= 5000 && n < 5000+c.late {
				took = 3 * time.Millisecond
			}
			s.Done(sfaas.Slot(n), at.Add(took))
			s.Done(sfaas.Slot(n), at.Add(time.Hour)) // and done once
		}
		r := s.Report()
		if r.Slots != 10000 || r.Late != uint64(c.late) || r.Missed != uint64(c.missed) || r.Served+r.Missed+r.Open != r.Slots {
			t.Errorf("%s: %+v", c.name, r)
		}
		if r.P50 < 300*time.Microsecond || r.P50 > 320*time.Microsecond {
			t.Errorf("%s: median %v", c.name, r.P50)
		}
		var broken *meter.BrokenError
		if err := s.Check(); errors.As(err, &broken) != (c.broken != "") || (broken != nil && broken.Term != c.broken) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestServiceOfNothing has broken nothing, and slots that come out without having been due
// count for nothing.
func TestServiceOfNothing(t *testing.T) {
	s := meter.NewService(meter.SLA{Deadline: 1, Throughput: 1, Availability: 1})
	s.Done(3, 5)
	if r := s.Report(); r != (meter.Report{}) || s.Check() != nil {
		t.Errorf("%+v, %v", r, s.Check())
	}
}
