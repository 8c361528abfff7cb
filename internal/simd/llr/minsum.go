// SPDX-License-Identifier: Apache-2.0

package llr

import "fmt"

// Lanes is how many parity checks of a row are processed side by side.
const Lanes = 64

// MaxDegree is the largest number of edges in a row.
const MaxDegree = 19

// RuleSize is the number of entries of a [Rule].
const RuleSize = 64

// Implementation names what the row kernels use: "avx512", "avx2" or "generic".
// With GODEBUG=cpu.avx512vbmi=off or cpu.avx2=off a program goes without.
func Implementation() string { return implementation() }

// Rule maps the smallest magnitude among the other edges of a check, clipped to
// RuleSize−1, to the magnitude of the message: min-sum with its normalization,
// offset, rounding and clipping in one table. Entries are at most 127.
type Rule [RuleSize]uint8

// Edge says where one edge of a row finds its column's soft bits. A column's
// vector of z soft bits is stored with 64 more behind it that repeat its first
// bits. The row reads it rotated and writes it back unrotated: lane i comes from
// position (rot+i) mod z and goes to position i, of another buffer unless rot is
// 0.
type Edge struct {
	Src  uint32 // offset of the vector that is read, plus rot
	Left uint32 // z − rot: from this lane on, positions wrap by z
	Dst  uint32 // offset of the vector that is written
}

// ColumnSize returns the soft bits that one column's vector takes, the repeated
// ones included.
func ColumnSize(z int) int { return RowBlocks(z)*Lanes + Lanes }

// RowBlocks returns how many blocks of [Lanes] checks a row has.
func RowBlocks(z int) int { return (z + Lanes - 1) / Lanes }

// CheckEdges reports whether MinSumRow may use the edges with buffers of the
// given lengths: every access lies within them. Callers check once when they
// make a plan.
func CheckEdges(edges []Edge, z, lenSoft, lenMessages int) error {
	if len(edges) < 2 || len(edges) > MaxDegree || z < 2 {
		return fmt.Errorf("llr: row of %d edges and %d lanes", len(edges), z)
	}
	if need := RowBlocks(z) * Lanes * len(edges); lenMessages < need {
		return fmt.Errorf("llr: %d messages, want %d", lenMessages, need)
	}
	for i, e := range edges {
		if e.Left < 1 || int(e.Left) > z {
			return fmt.Errorf("llr: edge %d: wraps at lane %d of %d", i, e.Left, z)
		}
		if int(e.Src)+int(e.Left)+Lanes > lenSoft || int(e.Dst)+ColumnSize(z) > lenSoft {
			return fmt.Errorf("llr: edge %d: beyond %d soft bits", i, lenSoft)
		}
		if int(e.Src)+int(e.Left) < z {
			return fmt.Errorf("llr: edge %d: before the first soft bit", i)
		}
	}
	return nil
}

// MinSumRow updates one row of z checks in the layered min-sum algorithm. For
// every check and edge, with saturation to int8:
//
//	v       = soft − message // what the column knows without this row
//	m       = rule(min over the other edges of |v|), signs multiplied
//	soft    = v + m
//	message = soft − v       // what was added, less than m where soft saturates
//
// The message is what the sum really took: taking it away again never takes more
// than was given. With m in its place, one wrong bit among saturated ones could
// turn them all over.
//
//   - soft: all columns' vectors, see [Edge]
//   - messages: [RowBlocks(z)·len(edges)·Lanes] the row's messages, kept for the
//     next iteration, in the kernel's own order; see [MinSumFirst]
//
// It reports whether the signs of the new soft bits satisfy all checks. The
// edges must have passed [CheckEdges] with these lengths: they are not checked
// again. Positions of a vector behind z+Lanes, and the repeated ones behind 2·z,
// hold unspecified values. It does not allocate.
func MinSumRow(soft, messages []int8, edges []Edge, z int, rule *Rule) bool {
	return minSumRow(soft, messages, edges, z, rule)
}

// MinSumFirst is [MinSumRow] in the first iteration: the former messages count
// as 0, whatever messages holds.
func MinSumFirst(soft, messages []int8, edges []Edge, z int, rule *Rule) bool {
	return minSumFirst(soft, messages, edges, z, rule)
}

// ParityRow reports whether the signs of the soft bits satisfy all z checks of
// a row. It reads the vectors as [MinSumRow] does, under the same conditions,
// and writes nothing.
func ParityRow(soft []int8, edges []Edge, z int) bool {
	return parityRow(soft, edges, z)
}
