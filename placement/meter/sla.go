// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"fmt"
	"time"
)

// SLA is what a unit is promised. What is 0 is not promised.
type SLA struct {
	Deadline     time.Duration // latency: from the beginning of a slot to its output,
	Quantile     float64       // in this share of the slots that are served; 0 stands for 0.999
	Throughput   float64       // slots served a second
	Availability float64       // share of the slots that are served, late or not
}

// quantile returns the share of slots that keep the deadline.
func (s *SLA) quantile() float64 {
	if s.Quantile == 0 {
		return 0.999
	}
	return s.Quantile
}

// Term is one of the three things that an SLA names.
type Term string

// Terms of an [SLA].
const (
	Latency      Term = "latency"
	Throughput   Term = "throughput"
	Availability Term = "availability"
)

// BrokenError says that a term of an SLA was not kept.
type BrokenError struct {
	Term Term
	Got  float64 // of latency: seconds at the quantile; of throughput: slots a second; of availability: a share
	Want float64 // what was promised, likewise
}

// Error implements error.
func (e *BrokenError) Error() string {
	if e.Term == Latency {
		return fmt.Sprintf("meter: latency of %v, promised %v", seconds(e.Got), seconds(e.Want))
	}
	return fmt.Sprintf("meter: %s of %g, promised %g", e.Term, e.Got, e.Want)
}

func seconds(x float64) time.Duration {
	return time.Duration(x * float64(time.Second)).Round(time.Microsecond)
}

// Check returns a [*BrokenError] for the first term that was not kept, of latency,
// throughput and availability in this order, nil if all were. Of no slots nothing is broken.
func (s *SLA) Check(r *Report) error {
	switch late := float64(r.Late) / float64(max(r.Served, 1)); {
	case r.Slots == 0:
	case s.Deadline > 0 && late > 1-s.quantile()+1e-12:
		return &BrokenError{Latency, r.AtQuantile.Seconds(), s.Deadline.Seconds()}
	case s.Throughput > 0 && r.Throughput() < s.Throughput:
		return &BrokenError{Throughput, r.Throughput(), s.Throughput}
	case s.Availability > 0 && r.Availability() < s.Availability:
		return &BrokenError{Availability, r.Availability(), s.Availability}
	}
	return nil
}
