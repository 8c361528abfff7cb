// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"strings"
	"time"
)

// StageTime is how long a part of the way of a slot takes, µs.
type StageTime struct {
	Stage  string  `json:"stage"`           // function, or a part of the program about it
	Micros float64 `json:"us_per_slot"`     // mean of a slot, of several invocations together
	P50    float64 `json:"us_p50"`          // median of an invocation
	P99    float64 `json:"us_p99"`          // and what all but a hundredth do not exceed
	Delay  bool    `json:"delay,omitempty"` // a delay, in which other work and waiting are
}

// times returns where the time of a cell's slots has gone since the clock started; the station
// has so many cells.
func (l *Loop) times(s *Station, cells int) []StageTime {
	q := func(name string, x *quantiles, delay bool) StageTime {
		return StageTime{Stage: name, Micros: micros(x.mean()), P50: micros(x.at(0.5)), P99: micros(x.at(0.99)), Delay: delay}
	}
	all := []StageTime{
		q("slot clock, late by", &l.stats.waking, true),
		q("tick and schedule, by the clock", &l.stats.ticking, false),
		q("air and handing over, by the clock", &l.stats.sending, false),
	}
	if w, ok := l.air.(*recorded); ok {
		all = append(all, q("of it: putting samples together", &w.compose, false))
	}
	if s == nil {
		return all
	}
	all = append(all, q("from tick to schedule", &l.stats.scheduling, true), q("from samples to last outcome", &l.stats.receiving, true))
	slots := float64(max(l.stats.waking.n, 1)) * float64(cells)
	for _, f := range s.rx.Runtime().Stats() {
		if f.Invocations > 0 && strings.Contains(f.Name, "/") {
			all = append(all, StageTime{Stage: f.Name, Micros: micros(f.Busy) / slots, P50: micros(f.P50), P99: micros(f.P99)})
		}
	}
	return all
}

// mean returns the mean of all durations.
func (q *quantiles) mean() time.Duration { return q.sum / time.Duration(max(q.n, 1)) }
