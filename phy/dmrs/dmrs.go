// SPDX-License-Identifier: Apache-2.0

package dmrs

import (
	"math"
	"unsafe"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/scramble"
)

// PilotsPerPRB returns how many resource elements of one PRB and one symbol a
// CDM group occupies: 6 for configuration type 1, 4 for type 2.
func PilotsPerPRB(configType int) int { return 8 - 2*configType }

// CInit returns the initial state of the sequence of one OFDM symbol:
//
//		c_init = (2^17 (14 n_s,f + l + 1)(2 N_ID + 1) + 2 N_ID + n_SCID) mod 2^31
//
//	  - slot, l: slot and symbol of the slot
//	  - nID, nSCID: N_ID^{n_SCID}, 0…65535, and n_SCID, 0 or 1
//
// TS 38.211 §6.4.1.1.1.1.
func CInit(mu nr.Numerology, slot nr.Slot, l, nID, nSCID int) uint32 {
	t := uint64(nr.SymbolsPerSlot*slot.InFrame(mu) + l + 1)
	n := 2*uint64(nID) + 1
	return uint32((t*n<<17 + 2*uint64(nID) + uint64(nSCID)) & (1<<31 - 1))
}

// Sequence writes r(n) of one OFDM symbol for an allocation.
//
//   - dst: a whole number of PRBs of [PilotsPerPRB] values of unit power
//   - startCRB: common resource block of the first PRB; the sequence starts at
//     CRB 0
//
// TS 38.211 §6.4.1.1.1.1 and §6.4.1.1.3.
func Sequence(dst []complex64, configType, startCRB int, cInit uint32) {
	c := scramble.New(cInit)
	c.Skip(2 * PilotsPerPRB(configType) * startCRB)
	// complex64 is I and Q in memory, and so are the pairs of the sequence.
	pairs := unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(dst))), 2*len(dst))
	c.Signs(pairs, math.Sqrt2/2)
}

// Delta returns Δ, the subcarrier shift of the CDM group of an antenna port
// (p − 1000). TS 38.211 tables 6.4.1.1.3-1 and -2.
func Delta(configType, port int) int {
	if configType == 1 {
		return port >> 1 & 1
	}
	return port >> 1 % 3 * 2
}

// Subcarrier returns the subcarrier of value i of the sequence, both counted
// from the start of the allocation: 4n + 2k' + Δ for type 1 and 6n + k' + Δ for
// type 2, with i = 2n + k'. TS 38.211 §6.4.1.1.3.
func Subcarrier(configType, delta, i int) int {
	if configType == 1 {
		return 2*i + delta
	}
	return i>>1*6 + i&1 + delta
}

// WF returns w_f(k') of an antenna port (p − 1000), k' = i mod 2 for value i of
// the sequence. TS 38.211 tables 6.4.1.1.3-1 and -2.
func WF(port, kPrime int) float32 {
	return sign(port & kPrime & 1)
}

// WT returns w_t(l') of an antenna port (p − 1000), l' = 0 or 1 within a double
// symbol and 0 for a single one. TS 38.211 tables 6.4.1.1.3-1 and -2.
func WT(configType, port, lPrime int) float32 {
	second := 0
	if port >= 2+2*configType {
		second = 1
	}
	return sign(second & lPrime)
}

func sign(negative int) float32 { return float32(1 - 2*negative) }

// Beta returns the amplitude of the DM-RS over that of the data: √(CDM groups
// without data). TS 38.214 table 6.2.2-1, TS 38.211 §6.4.1.1.3.
func Beta(numCDMGroupsWithoutData int) float32 {
	return float32(math.Sqrt(float64(numCDMGroupsWithoutData)))
}

// Map adds gain · w_f(k') · w_t(l') · r to the resource elements of an antenna
// port in one symbol.
//
//   - dst: [12·NumPRB] subcarriers of the allocation
//   - r: [PilotsPerPRB·NumPRB] values of [Sequence]
//   - gain: β_DMRS, times the entry of the precoding matrix
//
// It panics if dst is shorter than r asks for.
//
// TS 38.211 §6.4.1.1.3.
func Map(dst, r []complex64, configType, port, lPrime int, gain complex64) {
	delta := Delta(configType, port)
	wt := complex(WT(configType, port, lPrime), 0)
	w := [2]complex64{gain * wt, gain * wt * complex(WF(port, 1), 0)}
	for i, x := range r {
		dst[Subcarrier(configType, delta, i)] += w[i&1] * x
	}
}
