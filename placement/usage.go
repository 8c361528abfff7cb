// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/neuroran/neuroran/placement/meter"

// Usage returns the ledger of this node: what units have used here, by owner, looked at once a
// round, and what others have told ([meter.Ledger.Merge]). Joules are those of the power model
// of [Config].Resources. It may be read at any time, after [Node.Leave] too.
//
// Limits of [Spec] and [Config] are kept by the handles of units; who has others of its own pushes
// through a [meter.Gate].
func (n *Node) Usage() *meter.Ledger { return n.usage }
