// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"cmp"
	"slices"
)

// packSteps is after how many tries a packer gives up. It is reached only by needs of
// many accelerators that hardly fit; then the need is refused, as if it did not.
const packSteps = 4096

// packer finds accelerators for needs: a small bin packing, searched depth first. The
// largest need goes first, and each tries the fullest device on which it fits, so that
// others stay whole, or asleep. Devices that are equal are tried once.
type packer struct {
	order []int // needs, the largest first
	on    []int // device of each need
	free  []AcceleratorNeed
	steps int
}

// pack returns the device of each need, in a new slice, or nil if they do not fit.
func (p *packer) pack(free, needs []AcceleratorNeed) []int {
	p.order, p.on = p.order[:0], p.on[:0]
	for i := range needs {
		p.order, p.on = append(p.order, i), append(p.on, 0)
	}
	slices.SortStableFunc(p.order, func(a, b int) int {
		return cmp.Or(cmp.Compare(needs[b].Share, needs[a].Share), cmp.Compare(needs[b].Memory, needs[a].Memory))
	})
	p.free = append(p.free[:0], free...)
	p.steps = packSteps
	if !p.place(needs, 0) {
		return nil
	}
	return slices.Clone(p.on)
}

// place finds devices for the needs from the k-th of the order on.
func (p *packer) place(needs []AcceleratorNeed, k int) bool {
	if k == len(p.order) {
		return true
	}
	need := needs[p.order[k]]
	for last := -1; ; {
		i := p.fullest(need, last)
		if i < 0 || p.steps == 0 {
			return false
		}
		p.steps--
		last = i
		p.on[p.order[k]] = i
		p.free[i].Share, p.free[i].Memory = p.free[i].Share-need.Share, p.free[i].Memory-need.Memory
		if p.place(needs, k+1) {
			return true
		}
		p.free[i].Share, p.free[i].Memory = p.free[i].Share+need.Share, p.free[i].Memory+need.Memory
	}
}

// fullest returns the device on which a need fits that has least left, and more than
// device last has; -1 if there is none.
func (p *packer) fullest(need AcceleratorNeed, last int) int {
	best := -1
	for i, free := range p.free {
		if free.Kind != need.Kind || free.Share < need.Share || free.Memory < need.Memory {
			continue
		}
		if last >= 0 && byLeft(free, p.free[last]) <= 0 {
			continue
		}
		if best < 0 || byLeft(free, p.free[best]) < 0 {
			best = i
		}
	}
	return best
}

// byLeft orders devices by what they have left.
func byLeft(a, b AcceleratorNeed) int {
	return cmp.Or(cmp.Compare(a.Share, b.Share), cmp.Compare(a.Memory, b.Memory))
}
