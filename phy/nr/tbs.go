// SPDX-License-Identifier: Apache-2.0

package nr

import (
	"math/bits"
)

// TransportBlockSize returns the transport block size in bits, without CRC, of
// an allocation of numPRB resource blocks with rePerPRB data resource elements
// each (N'_RE, before the cap of 156), numLayers layers and the given row of an
// MCS table.
//
// TS 38.214 §5.1.3.2 steps 2 to 4, computed exactly in integers.
func TransportBlockSize(rePerPRB, numPRB, numLayers int, mcs MCS) int {
	const scale = 2048
	nRE := min(156, rePerPRB) * numPRB
	info := nRE * int(mcs.Rate) * mcs.Modulation.BitsPerSymbol() * numLayers // N_info · 2048
	if info <= 3824*scale {
		return smallTBS(info / scale)
	}
	num := info - 24*scale
	n := bits.Len(uint(num/scale)) - 1 - 5
	step := scale << n
	quantized := max(3840, (2*num+step)/(2*step)<<n)
	switch {
	case int(mcs.Rate)*4 <= scale:
		return blocksTBS(quantized, (quantized+24+3815)/3816)
	case quantized > 8424:
		return blocksTBS(quantized, (quantized+24+8423)/8424)
	}
	return blocksTBS(quantized, 1)
}

// LimitedBufferTBS returns TBS_LBRM in bits: the largest transport block of a
// UE, which limits the circular buffers of all its transport blocks.
//
//   - maxLayers: the most layers of a transport block that the UE is configured
//     for (maxMIMO-Layers or maxRank), 1…4
//   - table: [MCSTable256QAM] if any active bandwidth part uses it, or another
//   - maxPRB: PRBs of the largest bandwidth part of the carrier
//
// TS 38.212 §5.4.2.1 and table 5.4.2.1-1, TS 38.214 §6.1.4.2.
func LimitedBufferTBS(maxLayers int, table MCSTable, maxPRB int) int {
	numPRB := 273
	for _, n := range [...]struct{ below, prb int }{{33, 32}, {67, 66}, {108, 107}, {136, 135}, {163, 162}, {218, 217}} {
		if maxPRB < n.below {
			numPRB = n.prb
			break
		}
	}
	mcs := MCS{QAM64, 1896}
	if table == MCSTable256QAM {
		mcs.Modulation = QAM256
	}
	return TransportBlockSize(156, numPRB, maxLayers, mcs)
}

// smallTBS is step 3: N_info ≤ 3824.
func smallTBS(info int) int {
	if info < 1 {
		info = 1
	}
	n := max(3, bits.Len(uint(info))-1-6)
	quantized := max(24, info>>n<<n)
	return int(tbsAtLeast[(quantized+7)/8])
}

// tbsAtLeast holds the smallest size of tbsTable that is not below each multiple of eight bits.
var tbsAtLeast = func() (sizes [3824/8 + 1]uint16) {
	at := 0
	for i := range sizes {
		for tbsTable[at] < 8*i {
			at++
		}
		sizes[i] = uint16(tbsTable[at])
	}
	return sizes
}()

// blocksTBS is the last formula of step 4 for c code blocks.
func blocksTBS(quantized, c int) int {
	return 8*c*((quantized+24+8*c-1)/(8*c)) - 24
}

// TS 38.214 table 5.1.3.2-1.
var tbsTable = [93]int{
	24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152, 160, 168, 176,
	184, 192, 208, 224, 240, 256, 272, 288, 304, 320, 336, 352, 368, 384, 408, 432, 456, 480, 504, 528,
	552, 576, 608, 640, 672, 704, 736, 768, 808, 848, 888, 928, 984, 1032, 1064, 1128, 1160, 1192, 1224, 1256,
	1288, 1320, 1352, 1416, 1480, 1544, 1608, 1672, 1736, 1800, 1864, 1928, 2024, 2088, 2152, 2216, 2280, 2408, 2472, 2536,
	2600, 2664, 2728, 2792, 2856, 2976, 3104, 3240, 3368, 3496, 3624, 3752, 3824,
}
