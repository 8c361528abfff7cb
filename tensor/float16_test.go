// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"math"
	"testing"
)

func TestFloat16EveryValueReturns(t *testing.T) {
	for i := range 1 << 16 {
		f := Float16(i)
		x := f.Float32()
		if x != x {
			if g := NewFloat16(x); g&0x7c00 != 0x7c00 || g&0x3ff == 0 {
				t.Fatalf("%#04x: NaN became %#04x", i, g)
			}
			continue
		}
		if g := NewFloat16(x); g != f {
			t.Fatalf("%#04x is %v, which became %#04x", i, x, g)
		}
	}
}

func TestFloat16Rounds(t *testing.T) {
	tests := []struct {
		in, want float32
	}{
		{1, 1}, {-2, -2}, {65504, 65504}, {65519, 65504},
		{65520, float32(math.Inf(1))}, {-1e9, float32(math.Inf(-1))},
		{1 + 0x1p-11, 1}, {1 + 3*0x1p-11, 1 + 0x1p-9}, // ties to even
		{1 + 0x1p-11 + 0x1p-20, 1 + 0x1p-10},
		{0x1p-24, 0x1p-24}, {0x1p-25, 0}, {3 * 0x1p-25, 0x1p-23},
		{0x1p-14, 0x1p-14}, {-0x1p-30, 0},
	}
	for _, test := range tests {
		if got := NewFloat16(test.in).Float32(); got != test.want {
			t.Errorf("%v: got %v, want %v", test.in, got, test.want)
		}
	}
	if f := NewFloat16(float32(math.Copysign(0, -1))); f != 0x8000 {
		t.Errorf("-0 became %#04x", f)
	}
}
