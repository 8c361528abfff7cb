// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Cores is one runtime without its shell: the cores of all its workers, and
// what they share.
type Cores struct {
	List   []*Core // cores by index
	Intake *Intake // where host code pushes
	res    *resources
	board  *board
}

// NewCores returns the cores of one runtime with its resources opened, for a
// shell that steps them.
func NewCores(app *plan.App, set *Settings) (*Cores, error) {
	if err := set.Check(app); err != nil {
		return nil, err
	}
	gauges := make([]gauge, len(app.Edges))
	c := &Cores{Intake: newIntake(app, set, gauges), res: newResources(app), board: newBoard(app, set)}
	for i := range set.Workers {
		k, err := newCore(app, set, Endpoint{set.Node, i}, set.Workers, c.board, gauges)
		if err != nil {
			return nil, err
		}
		c.List = append(c.List, k)
	}
	if err := c.res.first(c.List); err != nil {
		return nil, err
	}
	return c, nil
}

// Expect opens the resources of a part before a unit of it moves here: a shell
// calls it before the move at the source, and [Cores.Arrived] at both ends when
// the move has ended. On runs what has to be done at each core; [Directly]
// serves where no core runs meanwhile.
func (c *Cores) Expect(p *plan.Part, on OnCore) error { return c.res.expect(p, c.List, on) }

// Arrived ends what Expect began, and closes the resources of the part if no
// core owns a unit of it any more. Expected is false at the source.
func (c *Cores) Arrived(p *plan.Part, expected bool, on OnCore) error {
	if expected {
		return c.res.arrived(p, c.List, on)
	}
	return c.res.release(p, c.List, on)
}

// Close closes the resources.
func (c *Cores) Close() error { return c.res.closeAll(c.List) }

// Stats publishes the counters of all cores, none of which runs, and returns
// their sums by function.
func (c *Cores) Stats() []FunctionStats {
	c.Publish()
	return c.board.readFunctions()
}

// Publish publishes the counters of all cores, none of which runs.
func (c *Cores) Publish() {
	for _, k := range c.List {
		k.Publish()
	}
}

// Published returns the sums of the counters that the cores have published, by
// function. It may be called while they run.
func (c *Cores) Published() []FunctionStats { return c.board.readFunctions() }

// Units returns what the cores have published about units, in dst as far as it
// fits. It may be called while they run.
func (c *Cores) Units(dst []UnitStats) []UnitStats { return c.board.readUnits(dst) }

// Watch lets f hear of units whose counters have been published, with their rows but for edges
// and histograms. Cores call it, several at once; it must not block, nor keep the rows.
//
// Who watches is told before a core begins the next slot of a unit: what it has not been told
// is at most what a unit has done since its newest slot began. Without that counters
// are published by the clock alone.
func (c *Cores) Watch(f func([]UnitStats)) {
	if f == nil {
		c.board.watch.Store(nil)
		return
	}
	c.board.watch.Store(&f)
}

// Flows returns what has travelled between this runtime and others, a row for each edge
// with any, in dst as far as it fits.
func (c *Cores) Flows(dst []EdgeFlow) []EdgeFlow { return c.board.readFlows(dst) }

// ResetStats sets all counters that the cores have published to zero.
func (c *Cores) ResetStats() { c.board.reset() }

// Pushed returns how far a source has come under a key, false if nothing is
// known about it.
func (c *Cores) Pushed(from SourceRef, key base.Key) (Position, bool) {
	return c.List[int(key.KeyGroup())%len(c.List)].Pushed(from, key)
}
