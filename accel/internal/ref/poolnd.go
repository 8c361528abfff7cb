// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"math"

	"github.com/neuroran/neuroran/accel/onnx"
)

// pools makes MaxPool, AveragePool and LpPool over any number of axes.
var pools = typed{onnx.Float32: poolND[float32], onnx.Float64: poolND[float64], onnx.Int8: poolND[int8], onnx.Uint8: poolND[uint8]}

// windowOfPool resolves the geometry of a pooling node.
func windowOfPool(st *step) (onnx.Window, error) {
	in := st.in[0].dims[2:]
	return onnx.WindowOf(st.node.Node, in, kernelOf(st, len(in)))
}

func poolND[E number](st *step) (func(), error) {
	win, err := windowOfPool(st)
	if err != nil {
		return nil, err
	}
	s, size, places := spatialOf(win), count(win.In), count(win.Out)
	x, y := as[E](st.in[0]), as[E](st.out[0])
	var at []int64
	if len(st.out) > 1 {
		at = as[int64](st.out[1])
	}
	order := func(off int) int { return off }
	if st.node.Int("storage_order", 0) != 0 {
		order = columnMajor(win.In)
	}
	value := poolValue[E](st, win, s)
	return func() {
		for c := range len(y) / max(places, 1) {
			clear(s.pos)
			for p := range places {
				v, best := value(x[c*size:][:size])
				y[c*places+p] = v
				if at != nil {
					at[c*places+p] = int64(c*size + order(best))
				}
				advance(s.pos, s.out)
			}
		}
	}, nil
}

// columnMajor renumbers places of a shape with the first axis running fastest.
func columnMajor(dims []int) func(int) int {
	return func(off int) int {
		out, step := 0, count(dims)
		for i := len(dims) - 1; i >= 0; i-- {
			step /= dims[i]
			out += off % dims[i] * step
			off /= dims[i]
		}
		return out
	}
}

// poolValue returns the function that pools the window at the current place, and
// says where a maximum lies.
func poolValue[E number](st *step, win onnx.Window, s *spatial) func(x []E) (E, int) {
	switch st.node.OpType {
	case "MaxPool":
		return func(x []E) (E, int) {
			best := -1
			s.eachInside(func(_, off int) {
				if best < 0 || x[off] > x[best] {
					best = off
				}
			})
			if best < 0 {
				return convertTo[E](math.Inf(-1)), 0
			}
			return x[best], best
		}
	case "LpPool":
		p := float64(st.node.Int("p", 2))
		return func(x []E) (E, int) {
			sum := 0.0
			s.eachInside(func(_, off int) {
				sum += math.Pow(math.Abs(float64(x[off])), p)
			})
			return E(math.Pow(sum, 1/p)), 0
		}
	}
	padded := st.node.Int("count_include_pad", 0) != 0
	return func(x []E) (E, int) {
		sum, n := 0.0, 0
		s.eachInside(func(_, off int) {
			sum += float64(x[off])
			n++
		})
		if padded {
			n = s.inPadding(win)
		}
		return E(sum / float64(n)), 0
	}
}

// inPadding counts the taps at the current place that lie in the input or in its
// padding: a window that ceil_mode let in may reach further.
func (s *spatial) inPadding(win onnx.Window) int {
	n := 1
	for i, p := range s.pos {
		room := s.before[i] + s.in[i] + win.End[i] - p*s.stride[i]
		n *= min(s.kernel[i], max(0, (room+s.dilation[i]-1)/s.dilation[i]))
	}
	return n
}

// buildPoolAny picks the kernel that reads padded planes where it will do: not for
// windows that lie in the padding for the most part.
func buildPoolAny(st *step) (func(), error) {
	in := st.in[0].dims[2:]
	inside := count(kernelOf(st, len(in))) <= 16*max(count(in), 64)
	if st.in[0].typ == onnx.Float32 && len(in) <= 3 && inside && !st.wants(1) && st.node.OpType != "LpPool" {
		return buildPool(st)
	}
	return pools.build(st, st.in[0].typ)
}

// buildGlobal makes GlobalMaxPool and GlobalLpPool.
func buildGlobal(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	x, y, p := st.in[0].f32(), st.out[0].f32(), float64(st.node.Int("p", 2))
	n := len(x) / len(y)
	if st.node.OpType == "GlobalMaxPool" {
		return func() { reductions["ReduceMax"].rows(y, x, n) }, nil
	}
	return func() {
		for i := range y {
			sum := 0.0
			for _, v := range x[i*n : (i+1)*n] {
				sum += math.Pow(math.Abs(float64(v)), p)
			}
			y[i] = float32(math.Pow(sum, 1/p))
		}
	}, nil
}

// buildUnpool writes each element to the place that its index names and 0
// elsewhere.
func buildUnpool(st *step) (func(), error) {
	if st.in[0].typ != onnx.Float32 {
		return (&step{in: st.in[:1], out: st.out}).refuse()
	}
	x, at, y := st.in[0].f32(), as[int64](st.in[1]), st.out[0].f32()
	from := st.in[0].dims
	place := func(i int64) int64 { return i }
	if st.has(2) { // indices are into the output that the pads and strides give
		win, err := onnx.TransposedWindowOf(st.node.Node, from[2:], kernelOf(st, len(from)-2))
		if err != nil {
			return nil, err
		}
		place = replaced(append([]int{from[0], from[1]}, win.Out...), st.out[0].dims)
	}
	return func() {
		clear(y)
		for i, v := range x {
			k := place(at[i])
			if k < 0 || k >= int64(len(y)) {
				st.failf("index %d out of range for %d elements", at[i], len(y))
				return
			}
			y[k] = v
		}
	}, nil
}

// replaced renumbers a place of one shape for another of the same rank; -1 when
// it has none.
func replaced(from, to []int) func(int64) int64 {
	return func(i int64) int64 {
		if i < 0 {
			return -1
		}
		out, step := int64(0), int64(1)
		for a := len(from) - 1; a >= 0; a-- {
			k := i % int64(max(from[a], 1))
			i /= int64(max(from[a], 1))
			if k >= int64(to[a]) {
				return -1
			}
			out += k * step
			step *= int64(to[a])
		}
		return out
	}
}

func kernelOf(st *step, n int) []int {
	kernel := make([]int, n)
	for i, k := range st.node.Ints("kernel_shape") {
		if i < n {
			kernel[i] = int(k)
		}
	}
	return kernel
}

// refuse names the value that is not float32.
func (st *step) refuse() (func(), error) { return nil, st.floats() }
