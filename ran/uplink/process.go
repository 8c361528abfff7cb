// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/sfaas"
)

// processKey names a HARQ process of a UE of a cell.
type processKey struct {
	cell sfaas.Key
	rnti uint16
	harq int
}

// process is what is known of a HARQ process before a slot: whether its soft bits, as
// the chain holds them, belong to the block that is sent.
//
// Soft bits must never be combined with those of another transport block. When the
// first transmission of a block is left out, since it is not supported, the chain
// still holds the block before; so the next transmission of the process that is
// received starts the buffer anew, whatever its grant says. With a reserved MCS it
// cannot, and is left out too: its size is that of the first transmission.
type process struct {
	last    nr.Slot // of its last grant
	stale   bool    // the chain holds another block
	started bool    // the size of the block is known
}

// next returns what is received of a transmission: its grant, or the reason why it
// is left out.
func (p *process) next(slot nr.Slot, g nr.Grant, reason error) (nr.Grant, error) {
	p.last = slot
	if unknown := p.stale || !p.started; reason == nil && unknown && g.MCS().Reserved() {
		reason = &nr.UnsupportedError{Field: "reserved mcs_index without the first transmission of its harq_process", Got: g.MCSIndex}
	}
	if reason != nil {
		p.stale = p.stale || g.NewData
		return g, reason
	}
	g.NewData = g.NewData || p.stale
	p.started, p.stale = true, false
	return g, nil
}

// processes are the HARQ processes that a receiver has heard of.
type processes map[processKey]process

// manyProcesses is how many are kept before those are looked for that are gone.
const manyProcesses = 1 << 14

// keep remembers a process, and forgets those of which nothing has been heard for so
// many slots that the chain has forgotten them too.
func (ps processes) keep(k processKey, p process, gone nr.Slot) {
	if len(ps) >= manyProcesses {
		for k, old := range ps {
			if old.last+gone < p.last {
				delete(ps, k)
			}
		}
	}
	ps[k] = p
}
