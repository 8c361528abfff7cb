// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// ueStats are sums over the life of a UE.
type ueStats struct {
	slots       int64
	first       int
	firstFailed int
	bits        int64 // of blocks that were received
	payload     int64 // bytes of the stream that were received
	offered     int64 // bytes of packets that came
	packets     int
	packetsLost int
	prbs        int64
	delays      quantiles
	final       mac.UE // the scheduler's context when it left
}

// granted counts a transmission.
func (s *ueStats) granted(g *nr.Grant) { s.prbs += int64(g.NumPRB) }

// cellStats are sums over the life of a cell.
type cellStats struct {
	slots      int64
	prbs       int64
	late       int64
	lateSlots  [256]nr.Slot // of the last slots, those that were late, and one more
	scheduling quantiles
	receiving  quantiles

	// By the clock:
	unscheduled int64     // slots whose schedule was not there in time
	waking      quantiles // how late slots have begun
	ticking     quantiles // telling the scheduler of a slot, and fetching the schedule
	sending     quantiles // the air, and handing over to the receiver
}

func (s *cellStats) init(int) {
	for _, q := range []*quantiles{&s.scheduling, &s.receiving, &s.waking, &s.ticking, &s.sending} {
		q.init()
	}
}

// isLate counts a late slot, once.
func (s *cellStats) isLate(n nr.Slot) {
	if at := &s.lateSlots[int(n)%len(s.lateSlots)]; *at != n+1 {
		*at = n + 1
		s.late++
	}
}

// quantiles counts durations in bins that are 1/16 wide, relative to where they are.
type quantiles struct {
	bins []uint64
	n    uint64
	sum  time.Duration
}

const binsPerOctave = 16

func (q *quantiles) init() { *q = quantiles{bins: make([]uint64, 64*binsPerOctave)} }

func (q *quantiles) add(d time.Duration) {
	q.n++
	q.sum += d
	i := 0
	if d > 0 {
		i = int(math.Log2(float64(d)) * binsPerOctave)
	}
	q.bins[i]++
}

// at returns the duration that a share of all does not exceed; 0 of none.
func (q *quantiles) at(share float64) time.Duration {
	want := uint64(math.Ceil(share * float64(q.n)))
	sum := uint64(0)
	for i, n := range q.bins {
		if sum += n; sum >= want && n > 0 {
			return time.Duration(math.Exp2((float64(i) + 0.5) / binsPerOctave))
		}
	}
	return 0
}
