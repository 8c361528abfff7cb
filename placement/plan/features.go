// SPDX-License-Identifier: Apache-2.0

package plan

// NumFeatures is how many numbers describe a candidate.
const NumFeatures = 14

// Features writes what a learned policy sees of a candidate to dst, NumFeatures numbers
// near 1. They fall into those of the node (2, 3, 4, 5, 11), of the unit (7), and of what
// lies between the two (the others), so that a network on graphs can take them apart.
//
//	0  watts that the state takes more, in units of 100 W
//	1  the same with idle power by use
//	2  idle watts of the node if it sleeps, else 0, in units of 100 W
//	3  share of the processors in use before
//	4  share of the memory in use before
//	5  share of the accelerator in use before
//	6  share of the processors in use afterwards
//	7  work of the unit, in cores of speed 1, in units of 10
//	8  share of its slack that slot work takes afterwards
//	9  linked units on the node
//	10 linked units elsewhere
//	11 cores of the node, in units of 48
//	12 1 if the accelerator is used
//	13 1
func Features(s *State, c *Candidate, dst []float32) {
	v, j := s.view, c.Place.Node
	n, l := &v.Nodes[j], &s.load[j]
	one := v.own(int32(c.Unit), j, c.Place.Mode)
	clear(dst[:NumFeatures])
	dst[0] = float32(c.Watts / 100)
	dst[1] = float32(s.amortised(c.Unit, c.Place, c.Watts) / 100)
	if l.Units == 0 {
		dst[2] = float32((n.IdleW - n.SleepW) / 100)
	}
	room := v.Limits.CPU * n.Cores
	dst[3] = float32(l.CPU / room)
	dst[4] = float32(l.Memory / max(n.Memory, 1))
	dst[5] = float32(l.Accelerator / v.Limits.Accelerator)
	dst[6] = float32((l.CPU + one.CPU) / room)
	dst[7] = float32(v.size(int32(c.Unit)) / 10)
	if slack := min(l.Slack, one.Slack); slack > 0 && one.SlotMicros > 0 {
		dst[8] = float32((l.SlotMicros + one.SlotMicros) / n.Cores / slack)
	}
	for i := range v.links[c.Unit] {
		switch s.place[v.links[c.Unit][i].peer].Node {
		case j:
			dst[9]++
		case -1:
		default:
			dst[10]++
		}
	}
	dst[11] = float32(n.Cores / 48)
	if one.AcceleratorUnits > 0 {
		dst[12] = 1
	}
	dst[13] = 1
}
