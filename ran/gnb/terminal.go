// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// terminal is a UE at work: its buffer, its HARQ processes, and what came of its packets.
type terminal struct {
	cfg      *UE
	rePerPRB int                  // data resource elements of its grants
	streams  []stream             // of its bearers
	channels []mac.LogicalChannel // of its bearers, as prioritization sees them
	builtAt  time.Duration        // when prioritization was last asked

	present   bool
	processes [mac.NumProcesses]blockOfUE
	inFlight  int           // blocks that carry a buffer status report and have not been received
	sentAt    time.Duration // when the last new block was sent
	asked     nr.Slot       // slot of the last scheduling request
	stats     ueStats
}

// blockOfUE is the transport block of a HARQ process as the UE holds it.
type blockOfUE struct {
	ranges   [mac.NumLCGs]span // of each stream
	elements mac.Elements      // what it reports
	data     int               // octets of the streams in it
	open     bool              // it has been built, and neither received nor given up
	built    bool              // the process has a block
	bits     int
}

// requestSlots is how often a UE asks for a grant, in slots (TS 38.321 §5.4.4: the period
// of its scheduling request resource).
const requestSlots = 8

// newTerminal returns a UE before its arrival.
func newTerminal(cfg *UE, seed uint64) (terminal, error) {
	t := terminal{cfg: cfg, rePerPRB: cfg.dataREsPerPRB()}
	for i, b := range cfg.bearers() {
		if i > 0 {
			seed = mixSeed(seed, uint64(i))
		}
		s, err := newStream(&b, seed)
		if err != nil {
			return terminal{}, err
		}
		t.streams, t.channels = append(t.streams, s), append(t.channels, b.Channel)
	}
	t.stats.delays.init()
	return t, nil
}

// arrivals puts packets into the buffers that have come until now. Its traffic starts when
// the UE arrives.
func (t *terminal) arrivals(now time.Duration) {
	for i := range t.streams {
		bytes, lost := t.streams[i].arrivals(now, t.cfg.Arrive)
		t.stats.offered += bytes
		t.stats.packetsLost += lost
	}
}

// retxBSR is after which time without a grant for a new block a UE no longer believes that its
// last report has arrived, and asks (TS 38.321 §5.4.5: retxBSR-Timer). A block that the cell has
// given up without the UE hearing of it would hold the UE back for ever otherwise.
const retxBSR = 80 * time.Millisecond

// asks reports whether the UE sends a scheduling request in a slot, which begins at an instant:
// it has data, and no block is on its way that says so.
func (t *terminal) asks(slot nr.Slot, now time.Duration) bool {
	reported := t.inFlight > 0 && now < t.sentAt+retxBSR
	if reported || slot < t.asked+requestSlots && t.asked != 0 {
		return false
	}
	if _, all := t.waiting(); all == 0 {
		return false
	}
	t.asked = slot
	return true
}

// send makes the UE's block of a grant, at an instant, that leaves so much power headroom: a
// new one, or the one that it has. It reports false where it has none: it missed the grant of
// the first transmission.
func (t *terminal) send(g *nr.Grant, now time.Duration, headroomDB float64) bool {
	b := &t.processes[g.HARQProcess]
	if !g.NewData {
		return b.built
	}
	t.giveUp(b)
	bits := nr.TransportBlockSize(t.rePerPRB, g.NumPRB, g.NumLayers, g.MCS())
	*b = blockOfUE{open: true, built: true, bits: bits}
	e := mac.Elements{BSR: mac.BSR{Format: mac.ShortBSR}, HasPHR: true} // room for what is left to report
	if len(t.streams) > 1 {
		before, _ := t.waiting()
		e.BSR = mac.NewBSR(&before)
	}
	t.take(&b.ranges, e.Room(bits/8), now)
	for i := range t.streams {
		b.data += int(b.ranges[i].end - b.ranges[i].start)
	}
	after, _ := t.waiting()
	b.elements = mac.Elements{BSR: mac.NewBSR(&after), HasPHR: true, PHR: mac.PowerHeadroomLevel(headroomDB)}
	b.elements.Beside(bits/8, b.data)
	t.inFlight, t.sentAt = t.inFlight+1, now
	return true
}

// giveUp loses a block that is replaced before it was received.
func (t *terminal) giveUp(b *blockOfUE) {
	if b.open {
		b.open = false
		t.inFlight--
		t.settle(b, true, 0)
	}
}

// received takes what became of a transmission, at the end of its slot, and writes what
// the block said into the feedback. A block that arrives again is not counted again.
func (t *terminal) received(f *mac.Feedback, r *Reception, g *nr.Grant, at time.Duration) {
	b := &t.processes[g.HARQProcess]
	if g.NewData && r.Outcome != nr.OutcomeAbsent {
		t.stats.first++
		if r.Outcome != nr.OutcomePassed {
			t.stats.firstFailed++
		}
	}
	if r.Outcome != nr.OutcomePassed {
		return
	}
	f.BSR, f.HasPHR, f.PHR = b.elements.BSR, b.elements.HasPHR, b.elements.PHR
	if !b.open {
		return
	}
	b.open = false
	t.inFlight--
	t.stats.bits += int64(b.bits)
	t.settle(b, false, at)
}
