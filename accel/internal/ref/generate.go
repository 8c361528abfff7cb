// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/accel/onnx"
)

// buildConstantOfShape repeats one element, 0 by default.
func buildConstantOfShape(st *step) (func(), error) {
	dst := st.out[0].bytes()
	fill := make([]byte, st.out[0].typ.Size())
	if a := st.node.Attr("value"); a != nil && a.Type == onnx.AttrTensor {
		copy(fill, a.Tensor.Raw)
	}
	return func() {
		for i := 0; i < len(dst); i += len(fill) {
			copy(dst[i:], fill)
		}
	}, nil
}

// ranges makes Range.
var ranges = integers(span[int8], span[int16], span[int32], span[int64], span[uint8], span[uint16], span[uint32], span[uint64]).
	with(onnx.Float32, span[float32]).with(onnx.Float64, span[float64])

func span[E number](st *step) (func(), error) {
	dst, start, delta := as[E](st.out[0]), as[E](st.in[0]), as[E](st.in[2])
	return func() {
		for i := range dst {
			dst[i] = start[0] + E(i)*delta[0]
		}
	}, nil
}

// eyes makes EyeLike.
var eyes = integers(eye[int8], eye[int16], eye[int32], eye[int64], eye[uint8], eye[uint16], eye[uint32], eye[uint64]).
	with(onnx.Float32, eye[float32]).with(onnx.Float64, eye[float64]).with(onnx.Bool, eye[uint8])

func eye[E number](st *step) (func(), error) {
	dst, rows, cols, k := as[E](st.out[0]), st.out[0].dims[0], st.out[0].dims[1], st.node.Int("k", 0)
	return func() {
		clear(dst)
		for i := range rows {
			if j := int64(i) + k; j >= 0 && j < int64(cols) {
				dst[i*cols+int(j)] = 1
			}
		}
	}, nil
}

// buildWindow makes the Hann, Hamming and Blackman windows as sums of cosines.
func buildWindow(st *step) (func(), error) {
	if st.out[0].typ != onnx.Float32 {
		return nil, fmt.Errorf("element type %v is not supported", st.out[0].typ)
	}
	a := map[string][3]float64{"HannWindow": {0.5, 0.5, 0}, "HammingWindow": {25. / 46, 21. / 46, 0}, "BlackmanWindow": {0.42, 0.5, 0.08}}[st.node.OpType]
	dst := st.out[0].f32()
	n := float64(len(dst))
	if st.node.Int("periodic", 1) == 0 {
		n--
	}
	return func() {
		for i := range dst {
			t := 2 * math.Pi * float64(i) / n
			dst[i] = float32(a[0] - a[1]*math.Cos(t) + a[2]*math.Cos(2*t))
		}
	}, nil
}
