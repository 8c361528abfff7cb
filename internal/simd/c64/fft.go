// SPDX-License-Identifier: Apache-2.0

package c64

// A pass of the self-sorting (Stockham) transform of n = R·m·s points takes s
// interleaved transforms of R·m points each into R·s interleaved ones of m.
// Element q of interleaved transform block p is x[q + s·p]. Twiddles are
// tw[k·m + p] = exp(−j2π (k+1) p / (R·m)), k = 0…R−2.

// Radix4 runs one radix-4 pass. len(dst) = len(src) = 4·m·s, len(tw) = 3·m.
func Radix4(dst, src []complex64, m, s int, tw []complex64) {
	dst, src, tw = dst[:4*m*s], src[:4*m*s], tw[:3*m]
	radix4(dst, src, m, s, tw)
}

// Radix8 runs one radix-8 pass. len(dst) = len(src) = 8·m·s, len(tw) = 7·m.
func Radix8(dst, src []complex64, m, s int, tw []complex64) {
	dst, src, tw = dst[:8*m*s], src[:8*m*s], tw[:7*m]
	radix8(dst, src, m, s, tw)
}

// Radix2 runs one radix-2 pass. len(dst) = len(src) = 2·m·s, len(tw) = m.
func Radix2(dst, src []complex64, m, s int, tw []complex64) {
	dst, src, tw = dst[:2*m*s], src[:2*m*s], tw[:m]
	radix2(dst, src, m, s, tw)
}

// Radix3 runs the last pass of a transform whose length is divisible by 3:
// m = 1, no twiddles. len(dst) = len(src) = 3·s.
func Radix3(dst, src []complex64, s int) {
	dst, src = dst[:3*s], src[:3*s]
	radix3(dst, src, s)
}
