// SPDX-License-Identifier: Apache-2.0

package nr

import "math/bits"

// MaxLayers is the largest number of layers of one PUSCH transmission.
const MaxLayers = 4

// Mapping is the PUSCH mapping type of TS 38.214 §6.1.2.1.
type Mapping uint8

// PUSCH mapping types.
const (
	MappingA Mapping = 'A' // DM-RS position counts from the start of the slot
	MappingB Mapping = 'B' // DM-RS position counts from the start of the PUSCH
)

// String returns "A" or "B".
func (m Mapping) String() string { return string(rune(m)) }

// DMRS is the demodulation reference signal of one PUSCH transmission,
// TS 38.211 §6.4.1.1. It is comparable.
type DMRS struct {
	ConfigType              int              // configuration type, 1 or 2
	Length                  int              // front-loaded symbols, 1 or 2 (maxLength as used)
	AdditionalPosition      int              // dmrs-AdditionalPosition, 0…3
	TypeAPosition           int              // dmrs-TypeA-Position, 2 or 3
	Ports                   [MaxLayers]uint8 // antenna port p − 1000 of each layer
	NumCDMGroupsWithoutData int              // 1…3
	NSCID                   int              // n_SCID, 0 or 1
	NID                     [2]int           // N_ID^0 and N_ID^1, 0…65535
}

// CDMGroup returns λ, the CDM group of an antenna port (p − 1000), TS 38.211
// tables 6.4.1.1.3-1 and -2.
func (d *DMRS) CDMGroup(port int) int {
	if d.ConfigType == 1 {
		return port >> 1 & 1
	}
	return port >> 1 % 3
}

// Symbols appends to dst the symbols of the slot that carry DM-RS, ascending,
// for a PUSCH of numSymbols symbols from startSymbol. A short allocation holds
// fewer additional positions than configured, as the tables say.
//
// TS 38.211 §6.4.1.1.3, tables 6.4.1.1.3-3 and -4, no intra-slot hopping.
func (d *DMRS) Symbols(dst []int, m Mapping, startSymbol, numSymbols int) []int {
	for mask := d.mask(m, startSymbol, numSymbols); mask != 0; mask &= mask - 1 {
		dst = append(dst, bits.TrailingZeros32(mask))
	}
	return dst
}

// mask returns the symbols of Symbols, bit l for symbol l.
func (d *DMRS) mask(m Mapping, startSymbol, numSymbols int) (mask uint32) {
	l0, origin, ld := d.TypeAPosition, 0, startSymbol+numSymbols
	if m == MappingB {
		l0, origin, ld = 0, startSymbol, numSymbols
	}
	for _, l := range dmrsPositions(m, d.Length, d.AdditionalPosition, ld) {
		if l == 0 {
			l = int8(l0)
		}
		mask |= (1<<(uint(d.Length)&3) - 1) << uint(origin+int(l)) // nothing of a grant that is not valid need be right
	}
	return mask
}

// dmrsRun is a run of equal columns of table 6.4.1.1.3-3 or -4: the durations
// below ld, and the positions for dmrs-AdditionalPosition 0…3. 0 stands for l0.
type dmrsRun struct {
	below     int
	positions [4][]int8
}

// dmrsPositions returns the positions for a duration of ld symbols; it is empty
// where the table has no entry.
func dmrsPositions(m Mapping, length, additional, ld int) []int8 {
	runs := dmrsSingleB
	switch {
	case m == MappingA && length == 1:
		runs = dmrsSingleA
	case m == MappingA:
		runs = dmrsDoubleA
	case length == 2:
		runs = dmrsDoubleB
	}
	for i := range runs {
		if ld < runs[i].below {
			return runs[i].positions[additional&3]
		}
	}
	return nil
}

// TS 38.211 table 6.4.1.1.3-3, PUSCH mapping type A.
var dmrsSingleA = []dmrsRun{
	{4, [4][]int8{}},
	{8, [4][]int8{{0}, {0}, {0}, {0}}},
	{10, [4][]int8{{0}, {0, 7}, {0, 7}, {0, 7}}},
	{12, [4][]int8{{0}, {0, 9}, {0, 6, 9}, {0, 6, 9}}},
	{13, [4][]int8{{0}, {0, 9}, {0, 6, 9}, {0, 5, 8, 11}}},
	{15, [4][]int8{{0}, {0, 11}, {0, 7, 11}, {0, 5, 8, 11}}},
}

// TS 38.211 table 6.4.1.1.3-3, PUSCH mapping type B.
var dmrsSingleB = []dmrsRun{
	{5, [4][]int8{{0}, {0}, {0}, {0}}},
	{8, [4][]int8{{0}, {0, 4}, {0, 4}, {0, 4}}},
	{10, [4][]int8{{0}, {0, 6}, {0, 3, 6}, {0, 3, 6}}},
	{12, [4][]int8{{0}, {0, 8}, {0, 4, 8}, {0, 3, 6, 9}}},
	{15, [4][]int8{{0}, {0, 10}, {0, 5, 10}, {0, 3, 6, 9}}},
}

// TS 38.211 table 6.4.1.1.3-4, PUSCH mapping type A.
var dmrsDoubleA = []dmrsRun{
	{4, [4][]int8{}},
	{10, [4][]int8{{0}, {0}, {0}, {0}}},
	{13, [4][]int8{{0}, {0, 8}, {0, 8}, {0, 8}}},
	{15, [4][]int8{{0}, {0, 10}, {0, 10}, {0, 10}}},
}

// TS 38.211 table 6.4.1.1.3-4, PUSCH mapping type B.
var dmrsDoubleB = []dmrsRun{
	{5, [4][]int8{}},
	{8, [4][]int8{{0}, {0}, {0}, {0}}},
	{10, [4][]int8{{0}, {0, 5}, {0, 5}, {0, 5}}},
	{12, [4][]int8{{0}, {0, 7}, {0, 7}, {0, 7}}},
	{15, [4][]int8{{0}, {0, 9}, {0, 9}, {0, 9}}},
}
