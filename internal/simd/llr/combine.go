// SPDX-License-Identifier: Apache-2.0

package llr

// SplitPairs writes the elements of src with even index to even and those with
// odd index to odd.
//
//   - even, odd: [n]
//   - src: [2·n], else it panics; it must not overlap the others
//
// It does not allocate.
func SplitPairs(even, odd, src []int8) {
	odd, src = odd[:len(even)], src[:2*len(even)]
	splitPairs(even, odd, src)
}

// AddSaturated adds src to dst; sums saturate at ±limit.
//
//   - dst, src: equal lengths, else it panics; they must not overlap
//   - limit: 0…127
//
// It does not allocate.
func AddSaturated(dst, src []int8, limit int8) {
	src = src[:len(dst)]
	addSaturated(dst, src, limit)
}
