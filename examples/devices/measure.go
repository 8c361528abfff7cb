// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"math"
	"time"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/acceltest"
	"github.com/neuroran/neuroran/phy/neural"
	"github.com/neuroran/neuroran/phy/nr"
)

// A measurement ends with its time or its runs, whichever is first.
const (
	maxRuns = 2000
	maxTime = time.Second
	seed    = 1 // of the inputs
)

// load reads the model and sets the batch that was not given.
func (o *options) load() (*accel.Model, error) {
	if o.model != "" {
		o.batch = max(o.batch, 1)
		return accel.LoadModel(o.model)
	}
	if o.batch == 0 {
		o.batch = 3276
	}
	return neural.Models().Load(neural.Name(nr.QAM256), "")
}

// measure runs the model on the device of the options in this process.
func measure(ctx context.Context, m *accel.Model, o options) result {
	r := result{Device: accel.Device(o.device)}
	if o.device == "" {
		return r
	}
	s, err := accel.Open(ctx, m, r.Device)
	if err == nil {
		defer s.Close()
		err = r.time(s, o.batch)
	}
	if err == nil {
		r.Available = true
		err = r.compare(ctx, s, o.batch)
	}
	if err != nil {
		r.Reason = err.Error()
	}
	return r
}

// time runs the session and notes quantiles and allocations.
func (r *result) time(s *accel.Session, batch int) error {
	p, err := acceltest.NewPorts(s.Model(), batch, seed)
	if err != nil {
		return err
	}
	b, err := s.Bind(p.Inputs, p.Outputs)
	if err != nil {
		return err
	}
	defer b.Close()
	times, err := acceltest.Measure(b, maxRuns, maxTime)
	if err != nil {
		return err
	}
	r.P50, r.P99, r.Allocs = micros(times.P50), micros(times.P99), times.Allocs
	return nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// compare notes the largest difference from the device ref, if that can run the
// model.
func (r *result) compare(ctx context.Context, s *accel.Session, batch int) error {
	ref, err := accel.Open(ctx, s.Model(), accel.Ref)
	if err != nil {
		return nil
	}
	defer ref.Close()
	want, err := acceltest.RunOnce(ref, batch, seed)
	if err != nil {
		return nil
	}
	got, err := acceltest.RunOnce(s, batch, seed)
	if err != nil {
		return err
	}
	worst := 0.0
	for i := range want {
		for k, w := range want[i] {
			if d := math.Abs(got[i][k] - w); d > worst {
				worst = d
			}
		}
	}
	r.MaxDev = &worst
	return nil
}
