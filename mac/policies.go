// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// NewScheduler returns the policy of a name: "rr" ([RoundRobin]), "pf"
// ([ProportionalFair]), "max" ([MaxRate]) or "qos" ([QoSAware]). It returns a
// [*nr.FieldError] for any other.
func NewScheduler(name string) (Scheduler, error) {
	switch name {
	case "rr":
		return RoundRobin{}, nil
	case "pf":
		return ProportionalFair{}, nil
	case "max":
		return MaxRate{}, nil
	case "qos":
		return QoSAware{}, nil
	}
	return nil, &nr.FieldError{Field: "mac.scheduler", Got: name, Want: "rr, pf, max or qos"}
}

// RoundRobin gives every UE the same number of resource block groups, whatever its
// channel: to all of them in one slot where there are enough, and in turns where there are
// not. Which UE is first, and so which gets the groups that are left over, goes round.
type RoundRobin struct{}

// Allocate implements [Scheduler].
func (RoundRobin) Allocate(dst []int16, v *View) {
	free := 0
	for _, f := range v.Free {
		if f {
			free++
		}
	}
	n := len(v.UEs)
	if n == 0 || free == 0 {
		return
	}
	first := 0
	for first < n && v.UEs[first].RNTI <= v.LastServed {
		first++
	}
	served := min(n, free, v.MaxGrants)
	share := sharer{v: v, dst: dst}
	for i := range served {
		share.give((first+i)%n, (i+1)*free/served-i*free/served)
	}
	for i := served; i < n && i < v.MaxGrants; i++ { // what others did not want
		share.give((first+i)%n, free)
	}
}

// sharer gives neighbouring groups away from the first to the last.
type sharer struct {
	v   *View
	dst []int16
	at  int
}

// give lets a UE have up to count groups, as long as it has something to send, and its
// power lasts; where they must be neighbours, it stops at a group that is taken.
func (s *sharer) give(ue, count int) {
	c := &s.v.UEs[ue]
	left, prbs := float32(c.Backlog), 0
	for got := 0; got < count && left > 0 && s.at < len(s.dst); s.at++ {
		if !s.v.Free[s.at] {
			if got > 0 && s.v.Contiguous {
				return
			}
			continue
		}
		if prbs += s.v.PRBs[s.at]; got > 0 && prbs > c.MaxPRB {
			return
		}
		s.dst[s.at] = int16(ue)
		left -= c.Rate[s.at]
		got++
	}
}

// ProportionalFair gives each group to the UE for which it carries most, measured by the
// UE's past rate: rate over average rate. In the long run that makes the sum of the
// logarithms of all rates as large as can be.
//
// A. Jalali, R. Padovani and R. Pankaj, "Data throughput of CDMA-HDR", VTC 2000-Spring.
type ProportionalFair struct{}

// Allocate implements [Scheduler].
func (ProportionalFair) Allocate(dst []int16, v *View) {
	w := v.Weights()
	for i := range w {
		w[i] = 1 / v.UEs[i].PastRate
	}
	v.Maximize(dst, w)
}

// MaxRate gives each group to the UE for which it carries most. UEs at the edge of the
// cell get nothing while others have something to send.
type MaxRate struct{}

// Allocate implements [Scheduler].
func (MaxRate) Allocate(dst []int16, v *View) {
	w := v.Weights()
	for i := range w {
		w[i] = 1
	}
	v.Maximize(dst, w)
}

// QoSAware is proportional fair among UEs that are equally pressed, and gives more to those
// whose data come near to their packet delay budget or whose guaranteed rate is behind: the
// weight grows exponentially with the share of the budget that is used up, and with the
// debt in slots of the guaranteed rate.
//
// After S. Shakkottai and A. L. Stolyar, "Scheduling for multiple flows sharing a
// time-varying channel: the exponential rule", 2002, with the priority levels and delay
// budgets of TS 23.501 table 5.7.4-1.
type QoSAware struct{}

// Allocate implements [Scheduler].
func (QoSAware) Allocate(dst []int16, v *View) {
	w := v.Weights()
	for i := range w {
		c := &v.UEs[i]
		w[i] = 1 / (c.PastRate * float64(max(c.Priority, 1)))
		press := 8 * min(c.Urgency, 1)
		if c.Guaranteed > 0 {
			press += min(c.Owed/c.Guaranteed/50, 3)
		}
		if press != 0 { // most are not pressed, and exponentials are dear
			w[i] *= math.Exp(press)
		}
	}
	v.Maximize(dst, w)
}
