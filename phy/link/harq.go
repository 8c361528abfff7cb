// SPDX-License-Identifier: Apache-2.0

package link

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
)

// HARQConfig describes a PUSCH simulation with retransmissions. It is passed by
// value.
//
// Redundancy versions and their number are those of TS 38.104 table 8.2.1.1-1.
type HARQConfig struct {
	PUSCH     PUSCHConfig // the link; NumSlots is not used
	RVs       []int       // redundancy version of each transmission of a block; nil stands for 0, 2, 3, 1
	RoundTrip int         // slots from a transmission to the next of its HARQ process; 0 stands for 8
	Rounds    int         // transmissions of each UE in a trial; 0 stands for 64
}

// normalize fills in defaults and reports the first field out of range.
func (c *HARQConfig) normalize() error {
	if c.RVs == nil {
		c.RVs = []int{0, 2, 3, 1}
	}
	if c.RoundTrip == 0 {
		c.RoundTrip = 8
	}
	if c.Rounds == 0 {
		c.Rounds = 64
	}
	for _, rv := range c.RVs {
		if rv < 0 || rv > 3 {
			return &nr.FieldError{Field: "link.rvs", Got: rv, Want: "0…3"}
		}
	}
	if len(c.RVs) == 0 || c.RVs[0] != 0 {
		return &nr.FieldError{Field: "link.rvs", Got: c.RVs, Want: "0 for the first transmission"}
	}
	if c.RoundTrip < 1 || c.Rounds < 1 {
		return &nr.FieldError{Field: "link.round_trip and link.rounds", Got: fmt.Sprint(c.RoundTrip, c.Rounds), Want: "at least 1"}
	}
	return nil
}

// HARQ is a chain of transmitters that always have something to send, channels and a
// receiver that combines: what a UE's HARQ process sends is sent again, in the next
// redundancy version, until it is received or has been sent in all of them.
//
// A trial is one channel over Rounds transmissions of one process of each UE, every
// RoundTrip slots; the channel goes on in between. The processes that fill the slots
// between would see the same in other slots, so one of them shows the throughput of
// all. Trials are independent. The signal to noise ratio is that of [PUSCH].
//
// Of an [Outcome], Blocks and Bits are of blocks that were received or given up; the
// last one of a trial may be neither.
//
// TS 38.104 §8.2.1 measures throughput like that.
type HARQ struct {
	cfg  HARQConfig
	link *PUSCH
	sent []int // transmissions of each UE's present block so far
}

// NewHARQ returns the chain of a configuration. Its errors are a [*nr.FieldError] and
// those of [NewPUSCH].
func NewHARQ(cfg HARQConfig) (*HARQ, error) {
	if err := cfg.normalize(); err != nil {
		return nil, err
	}
	p, err := NewPUSCH(cfg.PUSCH)
	if err != nil {
		return nil, err
	}
	return &HARQ{cfg: cfg, link: p, sent: make([]int, len(p.ues))}, nil
}

// Chain returns the chain as [Run] wants it.
func (h *HARQ) Chain() Chain { return h.Simulate }

// Link returns the link, whose intermediate results are those of the last slot.
func (h *HARQ) Link() *PUSCH { return h.link }

// Simulate runs one trial.
func (h *HARQ) Simulate(t Trial) (Outcome, error) {
	p := h.link
	p.begin(t.Seed)
	for u := range p.ues {
		h.sent[u] = 0
		if !p.cfg.UEs[u].Silent {
			p.fade(u)
		}
	}
	var o Outcome
	for round := range h.cfg.Rounds {
		for u := range p.ues {
			h.prepare(u)
		}
		if err := p.slot(h.cfg.PUSCH.BaseSlots+nr.Slot(round*h.cfg.RoundTrip), t.SNRdB); err != nil {
			return o, err
		}
		for u := range p.ues {
			h.feedback(u, &o)
		}
	}
	return o, nil
}

// prepare makes UE u's next transmission: a new block, or the present one in its next
// redundancy version.
func (h *HARQ) prepare(u int) {
	if h.link.cfg.UEs[u].Silent {
		return
	}
	g := h.link.grant[u]
	g.NewData, g.RV = h.sent[u] == 0, h.cfg.RVs[h.sent[u]]
	if g.NewData {
		h.link.draw(u)
	}
	h.sent[u]++
}

// feedback counts what became of UE u's transmission, and ends its block where it was
// received or sent in all versions. A block whose CRC holds on wrong bits is
// acknowledged and not delivered.
func (h *HARQ) feedback(u int, o *Outcome) {
	right := h.link.passed(u)
	if h.link.cfg.UEs[u].Silent {
		return
	}
	bits := 8 * len(h.link.ues[u].data)
	o.Offered += bits
	if !h.link.last.CRC[u] && h.sent[u] < len(h.cfg.RVs) {
		return
	}
	h.sent[u] = 0
	o.Blocks++
	o.Bits += bits
	if right {
		o.Delivered += bits
	} else {
		o.BlockErrors++
	}
}
