// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"

	"github.com/neuroran/neuroran/accel/onnx"
)

// measures sets the lengths of outputs that depend on the elements of the inputs,
// which the plan has observed: their data lies in the constants of st.values.
var measures = map[string]func(st *step, out []onnx.Value) error{
	"Compress": measureCompress, "NonMaxSuppression": measureSuppression, "NonZero": measureNonZero, "Unique": measureUnique,
}

// seen returns an operand that holds the observed elements of input i.
func (st *step) seen(i int) *operand {
	v := st.values()[i]
	o := &operand{name: st.in[i].name, typ: v.Type, dims: v.Dims, n: count(v.Dims)}
	o.mem = allocate(len(v.Const.Raw))
	copy(o.bytes(), v.Const.Raw)
	return o
}

func measureNonZero(st *step, out []onnx.Value) error {
	v, err := st.values()[0].Const.Float64s()
	n := 0
	for _, x := range v {
		if x != 0 {
			n++
		}
	}
	out[0].Dims = []int{len(st.in[0].dims), n}
	return err
}

func buildNonZero(st *step) (func(), error) {
	dims, size := st.in[0].dims, st.in[0].typ.Size()
	dst, src, n := as[int64](st.out[0]), st.in[0].bytes(), st.out[0].dims[1]
	isFloat := st.in[0].typ == onnx.Float32 || st.in[0].typ == onnx.Float64
	return func() {
		at := 0
		for i := 0; i < len(src)/size && at < n; i++ {
			if zeroElement(src[i*size:(i+1)*size], isFloat) {
				continue
			}
			rest := i
			for a := len(dims) - 1; a >= 0; a-- {
				dst[a*n+at] = int64(rest % dims[a])
				rest /= dims[a]
			}
			at++
		}
	}, nil
}

// zeroElement reports whether the bytes of an element are 0; real numbers also
// have a negative zero.
func zeroElement(b []byte, isFloat bool) bool {
	for i, v := range b {
		if isFloat && i == len(b)-1 {
			v &= 0x7f
		}
		if v != 0 {
			return false
		}
	}
	return true
}

func measureCompress(st *step, out []onnx.Value) error {
	axis, n, err := compressAxis(st)
	if err != nil {
		return err
	}
	taken := 0
	for i, c := range st.values()[1].Const.Raw {
		if c != 0 && i < n {
			taken++
		}
	}
	out[0].Dims[axis] = taken
	return nil
}

// compressAxis returns the axis of the output that gets shorter and how long it
// was.
func compressAxis(st *step) (axis, n int, err error) {
	if st.node.Attr("axis") == nil {
		return 0, st.in[0].n, nil
	}
	axis, err = st.axisOf(0, len(st.in[0].dims))
	if err != nil {
		return 0, 0, err
	}
	return axis, st.in[0].dims[axis], nil
}

func buildCompress(st *step) (func(), error) {
	axis, n, err := compressAxis(st)
	if err != nil {
		return nil, err
	}
	size := st.in[0].typ.Size()
	outer := 1
	if st.node.Attr("axis") != nil {
		outer, size = count(st.in[0].dims[:axis]), size*count(st.in[0].dims[axis+1:])
	}
	dst, src, cond := st.out[0].bytes(), st.in[0].bytes(), as[uint8](st.in[1])
	return func() {
		at := 0
		for o := range outer {
			for i := 0; i < min(n, len(cond)); i++ {
				if cond[i] != 0 && at+size <= len(dst) {
					at += copy(dst[at:at+size], src[(o*n+i)*size:])
				}
			}
		}
	}, nil
}

func measureUnique(st *step, out []onnx.Value) error {
	l, err := uniqueAxis(st)
	if err != nil {
		return err
	}
	var first []int
	sorted, o := st.node.Int("sorted", 1) != 0, st.seen(0)
	switch o.typ {
	case onnx.Float32:
		first, _, _ = distinct(as[float32](o), l, l.stride, sorted)
	case onnx.Float64:
		first, _, _ = distinct(as[float64](o), l, l.stride, sorted)
	case onnx.Int64:
		first, _, _ = distinct(as[int64](o), l, l.stride, sorted)
	case onnx.Int32:
		first, _, _ = distinct(as[int32](o), l, l.stride, sorted)
	case onnx.Int8:
		first, _, _ = distinct(as[int8](o), l, l.stride, sorted)
	case onnx.Uint8:
		first, _, _ = distinct(as[uint8](o), l, l.stride, sorted)
	default:
		return fmt.Errorf("element type %v is not supported", o.typ)
	}
	for i := range out {
		for k, d := range out[i].Dims {
			if d < 0 {
				out[i].Dims[k] = len(first)
			}
		}
	}
	out[2].Dims = []int{l.n}
	return nil
}
