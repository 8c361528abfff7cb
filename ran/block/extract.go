// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/sfaas"
)

// Extractor is the function from grid to PDUs with its control port.
type Extractor struct {
	Fn     sfaas.Fn[Grid, PDU]
	Grants sfaas.Controller[Schedule] // the cell's schedule, one a slot
}

// scheduled is the state of extraction beside the grants: for which slot they
// hold, and how many there are.
type scheduled struct {
	Slot nr.Slot
	Num  int
}

// NewExtract returns the function that cuts the PRB groups of a slot out of the
// grid. Its state is the scheduling grants of the slot, by cell. UEs that share
// PRBs form one group and one message; each group's message has the key of the
// group.
//
// A schedule that [Schedule.Validate] refuses faults the invocation and the
// slot is not received.
func NewExtract(cfg Config) Extractor {
	slot := sfaas.NewValue[scheduled]("slot", sfaas.Volatile)
	grants := sfaas.NewMap[uint8, nr.Grant]("grants", sfaas.Volatile)
	scratch := sfaas.NewScratch("extractor", func() (*extractor, error) { return newExtractor(cfg), nil }, nil)
	f := sfaas.DefineEach(StageExtract.String(), func(c *sfaas.Ctx, out sfaas.Emitter[PDU], in *Grid) error {
		s := slot.View(c)
		if s == nil || s.Slot != in.Slot {
			return errNoGrant
		}
		e := scratch.Get(c)
		for i := range s.Num {
			e.grants[i] = *grants.View(c, uint8(i))
		}
		return e.run(c, out, in, e.grants[:s.Num])
	}, sfaas.Config{Params: params{cfg, ""}}, slot, grants, scratch)
	port := sfaas.OnControl(f, func(c *sfaas.Ctx, in *Schedule) error {
		if err := in.Validate(&cfg.Carrier); err != nil {
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

// extractor is the scratch of extraction. Visit is a method value made once,
// so that a slot allocates no closure.
type extractor struct {
	cfg   Config
	visit func(rank int, g *nr.Group, members []*nr.Grant) error

	grants [MaxGrants]nr.Grant
	c      *sfaas.Ctx
	out    sfaas.Emitter[PDU]
	in     *Grid
}

func newExtractor(cfg Config) *extractor {
	e := &extractor{cfg: cfg}
	e.visit = e.group
	return e
}

func (e *extractor) run(c *sfaas.Ctx, out sfaas.Emitter[PDU], in *Grid, grants []nr.Grant) error {
	e.c, e.out, e.in = c, out, in
	return eachGroup(&e.cfg.Carrier, in.Slot, grants, e.visit)
}

// group emits the PDU of one PRB group.
func (e *extractor) group(rank int, g *nr.Group, members []*nr.Grant) error {
	pdu := e.out.Add(GroupKey(e.c.Key(), rank))
	pdu.Pilots.Mark(e.c, StageExtract, &e.in.Trace)
	for u, m := range members {
		code, err := pusch.NewCode(m)
		if err != nil {
			return err
		}
		pdu.Data.Codes[u] = code
	}
	if err := pusch.ExtractPilots(&pdu.Pilots.Pilots, &e.in.Grid, g); err != nil {
		return err
	}
	return pusch.ExtractData(&pdu.Data.Data, &e.in.Grid, g)
}
