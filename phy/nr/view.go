// SPDX-License-Identifier: Apache-2.0

package nr

import (
	"math"

	"github.com/neuroran/neuroran/tensor"
)

// View is a window on resource elements: some symbols and subcarriers of a
// [Grid], or all of [Pilots] or [Data], without a copy. It lets one kernel work
// on a message and on a part of the carrier's grid.
//
// The grid is that of TS 38.211 §4.4.2.
type View struct {
	NumRx, NumSymbols, NumSubcarriers int // lengths of the window

	data             []complex64
	rxStep, symbolAt int
}

// ViewOf returns a view of the whole tensor [rx, symbol, subcarrier].
func ViewOf(t *tensor.Tensor[complex64]) View {
	return View{
		NumRx: t.Dim(0), NumSymbols: t.Dim(1), NumSubcarriers: t.Dim(2),
		data: t.Data(), rxStep: t.Dim(1) * t.Dim(2), symbolAt: t.Dim(2),
	}
}

// Window returns the part of v from the given symbol and subcarrier on. It
// panics if the part lies outside, as slicing does.
func (v View) Window(symbol, numSymbols, subcarrier, numSubcarriers int) View {
	if symbol < 0 || numSymbols < 0 || symbol+numSymbols > v.NumSymbols ||
		subcarrier < 0 || numSubcarriers < 0 || subcarrier+numSubcarriers > v.NumSubcarriers {
		panic("nr: window outside the view")
	}
	w := v
	w.data = v.data[symbol*v.symbolAt+subcarrier:]
	w.NumSymbols, w.NumSubcarriers = numSymbols, numSubcarriers
	return w
}

// Row returns the subcarriers of antenna r in symbol l, without a copy.
func (v *View) Row(r, l int) []complex64 {
	off := r*v.rxStep + l*v.symbolAt
	return v.data[off : off+v.NumSubcarriers : off+v.NumSubcarriers]
}

// Unit returns the power of two that brings the elements near 1, by a look at
// some of them; it is 0 where these are all zero. Blocks that square elements
// multiply by it first, so that the unit of the samples does not matter.
func (v *View) Unit() float64 {
	step := v.NumSubcarriers/32 | 1 // odd, so that all combs are met
	bits := uint32(0)               // of the greatest magnitude: they are in the same order
	for r := range v.NumRx {
		for l := range v.NumSymbols {
			row := v.Row(r, l)
			for k := 0; k < len(row); k += step {
				bits = max(bits, magnitude(real(row[k])), magnitude(imag(row[k])))
			}
		}
	}
	top := math.Float32frombits(bits)
	if !(top > 0) {
		return 0
	}
	const most = 120 // of the exponent: the unit and its inverse are single precision
	_, exp := math.Frexp(float64(top))
	return math.Ldexp(1, min(max(-exp, -most), most))
}

// magnitude returns the bits of |x|.
func magnitude(x float32) uint32 { return math.Float32bits(x) &^ (1 << 31) }
