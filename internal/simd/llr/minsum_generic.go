// SPDX-License-Identifier: Apache-2.0

package llr

// block is the state of Lanes checks of a row.
type block struct {
	v          [MaxDegree][Lanes]int8
	min1, min2 [Lanes]uint8
	sign       [Lanes]int8
	parity     [Lanes]int8
}

// minSumRowGeneric is the definition of [MinSumRow]. A column's first bits are repeated
// behind its last ones, so that a rotated read needs no wrap. Blocks run from the last to
// the first: the first block writes those bits in both places, and must be the last to
// write them.
func minSumRowGeneric(soft, messages []int8, edges []Edge, z int, rule *Rule) bool {
	var b block
	odd := int8(0)
	for at := (RowBlocks(z) - 1) * Lanes; at >= 0; at -= Lanes {
		msgs := messages[:Lanes*len(edges)]
		messages = messages[len(msgs):]
		b.gather(soft, msgs, edges, at, z)
		b.scatter(soft, msgs, edges, at, z, rule)
		for _, p := range b.parity[:min(Lanes, z-at)] {
			odd |= p
		}
	}
	return odd >= 0
}

// minSumFirstGeneric is the definition of [MinSumFirst].
func minSumFirstGeneric(soft, messages []int8, edges []Edge, z int, rule *Rule) bool {
	clear(messages)
	return minSumRowGeneric(soft, messages, edges, z, rule)
}

func (b *block) gather(soft, msgs []int8, edges []Edge, at, z int) {
	for i := range b.min1 {
		b.min1[i], b.min2[i], b.sign[i] = 255, 255, 0
	}
	for e, edge := range edges {
		pos := int(edge.Src) + at
		if at >= int(edge.Left) {
			pos -= z
		}
		s, c := soft[pos:pos+Lanes], msgs[e*Lanes:][:Lanes]
		v := &b.v[e]
		for i, x := range s {
			d := saturate(int(x) - int(c[i]))
			v[i] = d
			a := magnitude(d)
			b.min2[i] = min(b.min2[i], max(b.min1[i], a))
			b.min1[i] = min(b.min1[i], a)
			b.sign[i] ^= d
		}
	}
}

func (b *block) scatter(soft, msgs []int8, edges []Edge, at, z int, rule *Rule) {
	var out1, out2 [Lanes]int8
	for i := range out1 {
		out1[i] = int8(rule[min(b.min1[i], RuleSize-1)])
		out2[i] = int8(rule[min(b.min2[i], RuleSize-1)])
	}
	clear(b.parity[:])
	for e, edge := range edges {
		s, c := soft[int(edge.Dst)+at:][:Lanes], msgs[e*Lanes:][:Lanes]
		v := &b.v[e]
		for i, d := range v {
			m := out1[i]
			if magnitude(d) == b.min1[i] {
				m = out2[i]
			}
			neg := (b.sign[i] ^ d) >> 7
			x := saturate(int(d) + int(m^neg-neg))
			s[i] = x
			c[i] = x - d
			b.parity[i] ^= x
		}
		if at == 0 {
			copy(soft[int(edge.Dst)+z:][:Lanes], s)
		}
	}
}

func saturate(x int) int8 { return int8(min(max(x, -128), 127)) }

// magnitude returns |x|, 128 for −128.
func magnitude(x int8) uint8 {
	neg := x >> 7
	return uint8(x ^ neg - neg)
}

// parityRowGeneric is the definition of [ParityRow].
func parityRowGeneric(soft []int8, edges []Edge, z int) bool {
	for at := 0; at < z; at += Lanes {
		var sum [Lanes]int8
		for _, edge := range edges {
			pos := int(edge.Src) + at
			if at >= int(edge.Left) {
				pos -= z
			}
			for i, x := range soft[pos : pos+Lanes] {
				sum[i] ^= x
			}
		}
		for _, x := range sum[:min(Lanes, z-at)] {
			if x < 0 {
				return false
			}
		}
	}
	return true
}
