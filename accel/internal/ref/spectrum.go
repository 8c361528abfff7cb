// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"math"
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
)

// buildDFT makes the discrete Fourier transform along one axis, term by term: a
// receiver transforms outside its network, so these are short.
func buildDFT(st *step) (func(), error) {
	if err := (&step{in: st.in[:1], out: st.out}).floats(); err != nil {
		return nil, err
	}
	x := st.in[0].dims
	axis, err := onnx.DFTAxis(st.node.Node, st.opset, st.values())
	if err != nil {
		return nil, err
	}
	inverse := st.node.Int("inverse", 0) != 0
	n, width := x[axis], x[len(x)-1]
	if st.has(1) {
		v, err := st.values()[1].Const.Int64s()
		if err != nil || len(v) != 1 {
			return nil, st.invalid("the length must be one integer")
		}
		n = int(v[0])
	}
	cos, sin := make([]float64, n), make([]float64, n)
	sign, scale := -1.0, 1.0
	if inverse {
		sign, scale = 1, 1/float64(n)
	}
	for i := range n {
		sin[i], cos[i] = math.Sincos(sign * 2 * math.Pi * float64(i) / float64(n))
	}
	src, dst := st.in[0].f32(), st.out[0].f32()
	complexDims := slices.Clone(x[:len(x)-1])
	from := linesOf(complexDims, axis)
	to := lines{n: st.out[0].dims[axis], stride: from.stride, count: from.count}
	return func() {
		for r := range from.count {
			in, out := from.start(r), to.start(r)
			for k := range to.n {
				re, im := 0.0, 0.0
				for i := range min(n, from.n) {
					at := (in + i*from.stride) * width
					a, b := float64(src[at]), 0.0
					if width == 2 {
						b = float64(src[at+1])
					}
					c, s := cos[k*i%n], sin[k*i%n]
					re, im = re+a*c-b*s, im+a*s+b*c
				}
				at := (out + k*to.stride) * 2
				dst[at], dst[at+1] = float32(re*scale), float32(im*scale)
			}
		}
	}, nil
}

// buildDet makes determinants by elimination with row exchanges.
func buildDet(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	dims := st.in[0].dims
	n := dims[len(dims)-1]
	x, y, m := st.in[0].f32(), st.out[0].f32(), make([]float64, n*n)
	return func() {
		for i := range y {
			for k := range m {
				m[k] = float64(x[i*n*n+k])
			}
			y[i] = float32(determinant(m, n))
		}
	}, nil
}

func determinant(m []float64, n int) float64 {
	det := 1.0
	for c := range n {
		p := c
		for r := c + 1; r < n; r++ {
			if math.Abs(m[r*n+c]) > math.Abs(m[p*n+c]) {
				p = r
			}
		}
		if m[p*n+c] == 0 {
			return 0
		}
		if p != c {
			det = -det
			for k := range n {
				m[p*n+k], m[c*n+k] = m[c*n+k], m[p*n+k]
			}
		}
		det *= m[c*n+c]
		for r := c + 1; r < n; r++ {
			f := m[r*n+c] / m[c*n+c]
			for k := c; k < n; k++ {
				m[r*n+k] -= f * m[c*n+k]
			}
		}
	}
	return det
}
