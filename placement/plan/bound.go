// SPDX-License-Identifier: Apache-2.0

package plan

import "math"

// Bound returns watts that no state of the view with all units placed can be below: each
// unit takes at least what it takes on the node that suits it best, if idle power is paid
// by use. It is weak, 5 to 40 % below what is possible, and costs nothing; an exact solver
// gives better ones.
func (v *View) Bound() float64 {
	sum := 0.0
	for u := range v.Units {
		least := math.Inf(1)
		for _, j := range v.Zone(v.Units[u].Zone) {
			for mode := range v.Units[u].Modes {
				if v.allows(int32(u), j, int8(mode)) {
					least = min(least, v.share(int32(u), j, int8(mode)))
				}
			}
		}
		if !math.IsInf(least, 1) {
			sum += least
		}
	}
	return sum
}

// share returns the watts of a unit alone, idle power by use.
func (v *View) share(u, j int32, mode int8) float64 {
	n, one := &v.Nodes[j], v.own(u, j, mode)
	watts := v.ingressWatts(u, j) + (n.MaxW-n.IdleW)*one.CPU/n.Cores
	watts += (n.IdleW - n.SleepW) * max(one.CPU/(v.Limits.CPU*n.Cores), one.Memory/max(n.Memory, 1))
	if a := n.Accelerator; a != nil && one.AcceleratorUnits > 0 {
		watts += (a.MaxW-a.IdleW)*one.Accelerator + a.IdleW*max(one.Accelerator/v.Limits.Accelerator, one.AcceleratorMemory/max(a.Memory, 1))
	}
	return watts
}
