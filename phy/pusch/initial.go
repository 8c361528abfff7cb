// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sch"
)

// initialCodes remembers the initial transmissions of HARQ processes: a
// retransmission keeps their base graph (TS 38.212 §6.2.2). There is room for
// all processes of a few UEs; a process that is pushed out is forgotten, and a
// retransmission on it takes the base graph of its own MCS.
type initialCodes struct {
	entries [128]initialCode
	next    int // entry that a new process takes
}

// initialCode is the transport block that a HARQ process is sending.
type initialCode struct {
	rnti    uint16
	process int
	first   sch.Initial // the zero value in an unused entry
}

// apply makes the code of a retransmission continue its initial transmission,
// and records the transport block. It does not allocate when it succeeds.
func (h *initialCodes) apply(c *sch.Code) error {
	e := h.find(c)
	if e != nil {
		if err := c.Continue(e.first); err != nil {
			return err
		}
	}
	if c.TBS == 0 {
		return &nr.UnsupportedError{Field: "reserved mcs_index without an initial transmission of its harq_process", Got: c.HARQProcess}
	}
	if e == nil {
		e = &h.entries[h.next]
		h.next = (h.next + 1) % len(h.entries)
	}
	*e = initialCode{c.RNTI, c.HARQProcess, c.Initial()}
	return nil
}

// find returns the entry of the HARQ process of c, nil if there is none.
func (h *initialCodes) find(c *sch.Code) *initialCode {
	for i := range h.entries {
		if e := &h.entries[i]; e.first.TBS != 0 && e.rnti == c.RNTI && e.process == c.HARQProcess {
			return e
		}
	}
	return nil
}
