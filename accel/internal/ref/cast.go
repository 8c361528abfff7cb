// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"

	"github.com/neuroran/neuroran/accel/onnx"
)

func buildCast(st *step) (func(), error) {
	switch st.in[0].typ {
	case onnx.Float32:
		return castFrom[float32](st)
	case onnx.Float64:
		return castFrom[float64](st)
	case onnx.Int8:
		return castFrom[int8](st)
	case onnx.Int16:
		return castFrom[int16](st)
	case onnx.Int32:
		return castFrom[int32](st)
	case onnx.Int64:
		return castFrom[int64](st)
	case onnx.Uint8, onnx.Bool:
		return castFrom[uint8](st)
	case onnx.Uint16:
		return castFrom[uint16](st)
	case onnx.Uint32:
		return castFrom[uint32](st)
	case onnx.Uint64:
		return castFrom[uint64](st)
	}
	return nil, fmt.Errorf("cast from %v", st.in[0].typ)
}

func castFrom[S number](st *step) (func(), error) {
	switch st.out[0].typ {
	case onnx.Float32:
		return cast[S, float32](st), nil
	case onnx.Float64:
		return cast[S, float64](st), nil
	case onnx.Int8:
		return cast[S, int8](st), nil
	case onnx.Int16:
		return cast[S, int16](st), nil
	case onnx.Int32:
		return cast[S, int32](st), nil
	case onnx.Int64:
		return cast[S, int64](st), nil
	case onnx.Uint8:
		return cast[S, uint8](st), nil
	case onnx.Uint16:
		return cast[S, uint16](st), nil
	case onnx.Uint32:
		return cast[S, uint32](st), nil
	case onnx.Uint64:
		return cast[S, uint64](st), nil
	case onnx.Bool:
		dst, src := as[uint8](st.out[0]), as[S](st.in[0])
		return func() {
			for i, v := range src {
				dst[i] = 0
				if v != 0 {
					dst[i] = 1
				}
			}
		}, nil
	}
	return nil, fmt.Errorf("cast to %v", st.out[0].typ)
}

func cast[S, D number](st *step) func() {
	dst, src := as[D](st.out[0]), as[S](st.in[0])
	return func() {
		for i, v := range src {
			dst[i] = D(v)
		}
	}
}
