// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/sfaas"
)

// Extractor is the function from grid to PDUs with its control port.
type Extractor struct {
	Fn     sfaas.Fn[Grid, PDU]           // the function
	Grants sfaas.Controller[nr.Schedule] // the cell's schedule, one per slot
}

// scheduled is the state of extraction beside the grants: for which slot they
// hold, and how many there are.
type scheduled struct {
	Slot nr.Slot
	Num  int
}

// process names a HARQ process of a UE within the cell.
type process struct {
	RNTI uint16
	HARQ uint8
}

// NewExtract returns the function that cuts the PRB groups of a slot out of the
// grid. Its state is the scheduling grants of the slot, by cell, and the base
// graph of the initial transmission of each HARQ process. UEs that share
// PRBs form one group and one message; each group's message has the key of the
// group.
//
// A schedule that [nr.Schedule.Validate] refuses faults the invocation and the
// slot is not received.
func NewExtract(cfg Config) Extractor {
	slot := sfaas.NewValue[scheduled]("slot", sfaas.Volatile)
	grants := sfaas.NewMap[uint8, nr.Grant]("grants", sfaas.Volatile)
	initial := sfaas.NewMap[process, sch.Initial]("initial", sfaas.Volatile, sfaas.TTL(forgetAfter))
	scratch := sfaas.NewScratch("extractor", func() (*extractor, error) { return &extractor{cfg: cfg}, nil }, nil)
	f := sfaas.DefineEach(StageExtract.String(), func(c *sfaas.Ctx, out sfaas.Emitter[PDU], in *Grid) error {
		s := slot.View(c)
		if s == nil || s.Slot != in.Slot {
			return errNoGrant
		}
		e := scratch.Get(c)
		for i := range s.Num {
			e.grants[i] = *grants.View(c, uint8(i))
		}
		return e.run(c, out, in, s.Num, initial)
	}, sfaas.FunctionConfig{Params: cfg.params(""), History: cfg.history()}, slot, grants, initial, scratch)
	port := sfaas.OnControl(f, func(c *sfaas.Ctx, in *nr.Schedule) error {
		if err := in.ValidateWith(&cfg.Carrier, &scratch.Get(c).groups); err != nil {
			return err
		}
		*slot.Mut(c) = scheduled{in.Slot, len(in.Grants)}
		for i := range in.Grants {
			grants.Set(c, uint8(i), in.Grants[i])
		}
		return nil
	})
	return Extractor{f, port}
}

// extractor is the scratch of extraction.
type extractor struct {
	cfg    Config
	grants [nr.MaxGrants]nr.Grant
	groups nr.Grouper
}

// run emits the PDU of every PRB group of the first n grants.
func (e *extractor) run(c *sfaas.Ctx, out sfaas.Emitter[PDU], in *Grid, n int, initial sfaas.Map[process, sch.Initial]) error {
	e.groups.Start(&e.cfg.Carrier, in.Slot, e.grants[:n])
	for {
		more, err := e.groups.Next()
		if err != nil || !more {
			return err
		}
		pdu := out.Add(GroupKey(c.Key(), e.groups.Group()))
		pdu.Pilots.Mark(c, StageExtract, &in.Trace)
		for u, m := range e.groups.Members() {
			if pdu.Data.Codes[u], err = codeOf(c, m, initial); err != nil {
				return err
			}
		}
		if err := pusch.ExtractPilots(&pdu.Pilots.Pilots, &in.Grid, e.groups.Group()); err != nil {
			return err
		}
		if err := pusch.ExtractData(&pdu.Data.Data, &in.Grid, e.groups.Group()); err != nil {
			return err
		}
	}
}

// codeOf returns the code of a grant, which for a retransmission has the base
// graph, and with a reserved MCS the size, of its initial transmission, and notes
// the transport block. The code of a reserved MCS without an initial transmission
// has no size.
func codeOf(c *sfaas.Ctx, g *nr.Grant, initial sfaas.Map[process, sch.Initial]) (sch.Code, error) {
	code, err := pusch.NewCode(g)
	if err != nil {
		return code, err
	}
	id := process{g.RNTI, uint8(g.HARQProcess)}
	first := initial.View(c, id)
	if first != nil {
		if err := code.Continue(*first); err != nil {
			return code, err
		}
	}
	if code.TBS != 0 && (g.NewData || first == nil || code.Initial() != *first) {
		initial.Set(c, id, code.Initial())
	}
	return code, nil
}
