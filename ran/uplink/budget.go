// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"time"

	"github.com/neuroran/neuroran/placement"
	"github.com/neuroran/neuroran/ran/block"
)

// WithBudgets lets the nodes of a deployment of the chain tell its own schedulers how much the
// receiver of each cell may work per slot: what the deadlines of all that shares the
// processors of its node leave. Schedules keep to it, as they do to [Receiver.SetBudget]. It
// returns an option that does nothing for a chain without a scheduler.
//
//	dep, err := node.Deploy(chain.App, spec, chain.WithBudgets())
func (c *Chain) WithBudgets() placement.DeployOption {
	if !c.Config.schedules() {
		return placement.WithBudget("", nil)
	}
	return placement.WithBudget(c.Steps.Decode.Fn.Name(), func(cell *placement.Unit, perSlot time.Duration) error {
		// A setting for a slot that has run holds from the next one on.
		return c.Budgets.PushValue(cell, cell.Key(), 0, &block.Budget{Micros: float64(perSlot) / float64(time.Microsecond)})
	})
}
