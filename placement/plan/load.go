// SPDX-License-Identifier: Apache-2.0

package plan

import "math"

// Load is what the units of a node take of it, and so what a node tells others: one row of
// a view. The zero value is not an empty node; [NoLoad] is.
type Load struct {
	CPU               float64 // processor seconds per second
	Memory            float64 // bytes, in millions
	SlotMicros        float64 // work that begins with a slot, by quantile, summed
	Slack             float64 // microseconds that this work may take at most, by the strictest unit
	Accelerator       float64 // share of the accelerator that is busy
	AcceleratorMemory float64 // bytes, in millions
	AcceleratorMicros float64 // work of the accelerator that begins with a slot, summed
	AcceleratorSlack  float64 // microseconds for both, by the strictest unit that uses it
	Units             int32   // units
	AcceleratorUnits  int32   // units that use the accelerator
}

// NoLoad returns the load of a node without units.
func NoLoad() Load {
	return Load{Slack: math.Inf(1), AcceleratorSlack: math.Inf(1)}
}

// add adds another load.
func (l *Load) add(o *Load) {
	l.CPU += o.CPU
	l.Memory += o.Memory
	l.SlotMicros += o.SlotMicros
	l.Slack = min(l.Slack, o.Slack)
	l.Accelerator += o.Accelerator
	l.AcceleratorMemory += o.AcceleratorMemory
	l.AcceleratorMicros += o.AcceleratorMicros
	l.AcceleratorSlack = min(l.AcceleratorSlack, o.AcceleratorSlack)
	l.Units += o.Units
	l.AcceleratorUnits += o.AcceleratorUnits
}

// tolerance is what sums of floating point may be beyond a limit.
const tolerance = 1e-9

// over returns the first line of what a node offers that a load exceeds, with what it is
// and what it may be; "" if it fits.
func (v *View) over(j int32, l *Load) (line Line, got, want float64) {
	n := &v.Nodes[j]
	exceeds := func(of Line, is, most float64) bool {
		if is <= most+tolerance*math.Abs(most) {
			return false
		}
		line, got, want = of, is, most
		return true
	}
	response := l.SlotMicros / n.Cores
	switch {
	case exceeds(LineCPU, l.CPU, v.Limits.CPU*n.Cores),
		exceeds(LineMemory, l.Memory, n.Memory),
		exceeds(LineDeadline, response, l.Slack):
		return line, got, want
	}
	if l.AcceleratorUnits == 0 {
		return "", 0, 0
	}
	if n.Accelerator == nil {
		return LineAccelerator, float64(l.AcceleratorUnits), 0
	}
	switch {
	case exceeds(LineAccelerator, l.Accelerator, v.Limits.Accelerator),
		exceeds(LineAcceleratorMemory, l.AcceleratorMemory, n.Accelerator.Memory),
		exceeds(LineDeadline, response+l.AcceleratorMicros, l.AcceleratorSlack):
		return line, got, want
	}
	return "", 0, 0
}

// watts returns what a node with a load takes above its sleep.
func (v *View) watts(j int32, l *Load) float64 {
	if l.Units == 0 {
		return 0
	}
	n := &v.Nodes[j]
	w := n.IdleW - n.SleepW + (n.MaxW-n.IdleW)*l.CPU/n.Cores
	if a := n.Accelerator; a != nil && l.AcceleratorUnits > 0 {
		w += a.IdleW + (a.MaxW-a.IdleW)*l.Accelerator
	}
	return w
}

// own returns what a unit in a mode takes of a node, without the hops of its links.
func (v *View) own(u, j int32, mode int8) Load {
	n, t := &v.Nodes[j], &v.Units[u]
	m := &t.Modes[mode]
	l := Load{Memory: t.Memory, Slack: math.Inf(1), AcceleratorSlack: math.Inf(1), Units: 1}
	hop := 0.0
	if t.IngressKB > 0 {
		hop = v.hopMicros(t.IngressKB)
	}
	scale := v.scale[u]
	l.CPU = (m.WorkMicros*scale + hop) * t.PerSecond * 1e-6 / n.Speed
	slack := v.slack(u, j, mode)
	if t.Slotted {
		l.SlotMicros = (m.QuantileMicros*scale + hop) / n.Speed
		l.Slack = slack
	}
	if m.Kind != CPU {
		l.AcceleratorUnits = 1
		l.Accelerator = m.AcceleratorMicros * scale * t.PerSecond * 1e-6
		l.AcceleratorMemory = m.AcceleratorMemory
		if t.Slotted {
			l.AcceleratorMicros = m.AcceleratorMicros * scale
			l.AcceleratorSlack = slack
		}
	}
	return l
}

// slack returns the microseconds that are left of a unit's deadline when its ingress, its
// longest chain, its egress and the margin are taken off. The hops of its links are not.
func (v *View) slack(u, j int32, mode int8) float64 {
	n, t := &v.Nodes[j], &v.Units[u]
	left := t.Deadline - v.Limits.MarginMicros - t.EgressMicros - t.Modes[mode].ChainMicros/n.Speed
	if t.IngressKB > 0 {
		left -= v.ingressMicros(u, j)
	}
	if !t.Slotted && t.Modes[mode].Kind != CPU {
		left -= t.Modes[mode].AcceleratorMicros * v.scale[u]
	}
	return left
}

// ingressMicros returns how long the input of a unit is under way to a node.
func (v *View) ingressMicros(u, j int32) float64 {
	n, t := &v.Nodes[j], &v.Units[u]
	return v.Hop.LatencyMicros + v.Hop.LatencyMicrosPerKB*t.IngressKB + v.distance(t.X, t.Y, n.X, n.Y)
}

// allows reports whether the node has what the mode names, and belongs to the unit's zone.
func (v *View) allows(u, j int32, mode int8) bool {
	if v.Units[u].Zone != v.Nodes[j].Zone {
		return false
	}
	kind := v.Units[u].Modes[mode].Kind
	a := v.Nodes[j].Accelerator
	return kind == CPU || a != nil && a.Kind == kind
}
