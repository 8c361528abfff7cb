// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"encoding/binary"
	"math"
)

// Datatype is the format of samples, core:datatype.
//
// SigMF core namespace, dataset format.
type Datatype string

// Supported formats. Integers are scaled so that full scale is 1.
const (
	CF32 Datatype = "cf32_le" // two little-endian float32
	CI16 Datatype = "ci16_le" // two little-endian int16
	CI8  Datatype = "ci8"     // two int8
)

// Size returns the bytes of one complex sample of one antenna, or 0 for an
// unknown format.
func (d Datatype) Size() int {
	switch d {
	case CF32:
		return 8
	case CI16:
		return 4
	case CI8:
		return 2
	}
	return 0
}

// decode converts every stride-th sample of src to dst; src starts at the
// first of them.
func (d Datatype) decode(dst []complex64, src []byte, stride int) {
	step, at := stride*d.Size(), 0
	switch d {
	case CF32:
		for i := range dst {
			b := src[at : at+8]
			dst[i] = complex(math.Float32frombits(binary.LittleEndian.Uint32(b)),
				math.Float32frombits(binary.LittleEndian.Uint32(b[4:])))
			at += step
		}
	case CI16:
		for i := range dst {
			b := src[at : at+4]
			dst[i] = complex(float32(int16(binary.LittleEndian.Uint16(b)))*0x1p-15,
				float32(int16(binary.LittleEndian.Uint16(b[2:])))*0x1p-15)
			at += step
		}
	case CI8:
		for i := range dst {
			b := src[at : at+2]
			dst[i] = complex(unit8[b[0]], unit8[b[1]])
			at += step
		}
	}
}

// unit8 holds the values of all bytes of a CI8 sample: to look them up takes half the
// time of converting them.
var unit8 = func() (t [256]float32) {
	for i := range t {
		t[i] = float32(int8(i)) * 0x1p-7
	}
	return t
}()

// encode converts src to every stride-th sample of dst, times scale, and
// returns how many samples were clipped to full scale.
func (d Datatype) encode(dst []byte, src []complex64, stride int, scale float32) (clipped int) {
	step := stride * d.Size()
	for i, x := range src {
		re, im := real(x)*scale, imag(x)*scale
		over := false
		switch b := dst[i*step:]; d {
		case CF32:
			binary.LittleEndian.PutUint32(b, math.Float32bits(re))
			binary.LittleEndian.PutUint32(b[4:], math.Float32bits(im))
		case CI16:
			binary.LittleEndian.PutUint16(b, uint16(quantize(re, math.MaxInt16, &over)))
			binary.LittleEndian.PutUint16(b[2:], uint16(quantize(im, math.MaxInt16, &over)))
		case CI8:
			b[0], b[1] = byte(quantize(re, math.MaxInt8, &over)), byte(quantize(im, math.MaxInt8, &over))
		}
		if over {
			clipped++
		}
	}
	return clipped
}

// quantize rounds x · (limit+1) to an integer of -limit-1…limit. Not a number
// becomes 0 and counts as clipped.
func quantize(x float32, limit int, over *bool) int {
	y := math.RoundToEven(float64(x) * float64(limit+1))
	switch {
	case y >= float64(limit)+1:
		*over = true
		return limit
	case y < -float64(limit)-1:
		*over = true
		return -limit - 1
	case y != y:
		*over = true
		return 0
	}
	return int(y)
}
