// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/sfaas"
)

// Usage returns the ledger of this node: what units have used here, by owner, looked at once a
// round, and what others have told ([meter.Ledger.Merge]). Joules are those of the power model
// of [Config].Resources. It may be read at any time, after [Node.Leave] too.
//
// To hold a unit to limits, push through a gate: [meter.Gate.Host] of its handle, settled
// by what the ledger says.
func (n *Node) Usage() *meter.Ledger { return n.usage }

// observe lets the ledger hear of the units of a deployment.
func (n *Node) observe(c carrier, rows []sfaas.UnitStats) {
	tenant := c.spec().Tenant
	n.usage.Observe(c.name(), func(sfaas.Unit) string { return tenant }, rows)
}
