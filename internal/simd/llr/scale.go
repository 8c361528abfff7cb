// SPDX-License-Identifier: Apache-2.0

package llr

// Scale writes sign(src)·min((|src|·factor + 2^14) >> 15, limit), so that LLRs
// are multiplied by factor/2^15 < 1, rounded without bias and clipped.
//
//   - dst, src: equal lengths, else it panics; they may be the same slice
//   - factor: 0…32767
//   - limit: 0…127
//
// It does not allocate.
func Scale(dst, src []int8, factor, limit int) {
	dst = dst[:len(src)]
	if factor < 0 || factor > 32767 || limit < 0 || limit > 127 {
		panic("llr: factor or limit out of range")
	}
	scale(dst, src, factor, limit)
}

// HardDecide writes 1 where src is negative and else 0.
//
//   - dst, src: equal lengths, else it panics
//
// It does not allocate.
func HardDecide(dst []byte, src []int8) {
	dst = dst[:len(src)]
	hardDecide(dst, src)
}

// PackSigns writes the hard decisions of src, 1 where it is negative, as bits,
// eight a byte, most significant first. Spare bits of the last byte are 0.
//
//   - dst: ⌈len(src)/8⌉ bytes or more, else it panics
//
// It does not allocate.
func PackSigns(dst []byte, src []int8) {
	dst = dst[:(len(src)+7)/8]
	packSigns(dst, src)
}
