// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"

	"github.com/neuroran/neuroran/internal/simd/f32"
)

// floor returns the lower bound that a fused Relu sets.
func (st *step) floor() float32 {
	if st.node.relu {
		return 0
	}
	return f32.NoFloor
}

// packed returns, in panels, the k×n matrix that begins at element off of input
// i, and a function that packs it again before each run, which is nil when the
// matrix is constant; trans says that the input holds its transpose. Packed
// initializers are shared by all bindings of the session.
func (st *step) packed(i, off, k, n int, trans bool) ([]float32, func()) {
	b, dst := st.in[i], []float32(nil)
	pack := func() {
		if src := b.f32()[off:]; trans {
			f32.PackTransposed(dst, src, k, k, n)
		} else {
			f32.Pack(dst, src, n, k, n)
		}
	}
	if b.tens == nil || !b.shared { // variable, or constant for this binding's lengths only
		dst = make([]float32, f32.PackedLen(k, n))
		if b.tens == nil {
			return dst, pack
		}
		pack()
		return dst, nil
	}
	return cached(st.session, fmt.Sprintf("%s/%d/%d/%d/%t", b.name, off, k, n, trans), func() []float32 {
		dst = make([]float32, f32.PackedLen(k, n))
		pack()
		return dst
	}), nil
}

// cached returns what is kept under a key for all bindings of a session, made for
// the first of them.
func cached[T any](s *Session, key string, make func() T) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.packed[key].(T)
	if !ok {
		v = make()
		s.packed[key] = v
	}
	return v
}

// buildGemm makes alpha·A·B + beta·C, with a fused Relu.
func buildGemm(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	n := st.node
	dst, a := st.out[0].f32(), st.in[0].f32()
	rows, cols := st.out[0].dims[0], st.out[0].dims[1]
	k := st.in[0].n / rows
	alpha, beta := n.Float("alpha", 1), n.Float("beta", 1)
	b, repack := st.packed(1, 0, k, cols, n.Int("transB", 0) != 0)
	var before []func()
	if repack != nil {
		before = append(before, repack)
	}
	if transA := n.Int("transA", 0) != 0; transA || alpha != 1 {
		src, tmp := a, make([]float32, len(a))
		before = append(before, func() { scaledCopy(tmp, src, rows, k, alpha, transA) })
		a = tmp
	}
	init, ldi, fill := bias(st, rows, cols, beta)
	if fill != nil {
		before = append(before, fill)
	}
	floor := st.floor()
	if len(before) == 0 {
		return func() { f32.Gemm(dst, cols, a, k, b, init, ldi, rows, cols, k, floor) }, nil
	}
	return func() {
		for _, f := range before {
			f()
		}
		f32.Gemm(dst, cols, a, k, b, init, ldi, rows, cols, k, floor)
	}, nil
}

// scaledCopy writes alpha·src to the m×k matrix dst; src is k×m when trans.
func scaledCopy(dst, src []float32, m, k int, alpha float32, trans bool) {
	if !trans {
		f32.ScaleShift(dst, src, alpha, 0, f32.NoFloor)
		return
	}
	for i := range m {
		for j := range k {
			dst[i*k+j] = alpha * src[j*m+i]
		}
	}
}

// bias returns what the accumulators of a Gemm start from, the distance of its
// rows, and what must run before each product.
func bias(st *step, rows, cols int, beta float32) (init []float32, ldi int, fill func()) {
	if !st.has(2) || beta == 0 {
		return make([]float32, cols), 0, nil
	}
	c := st.in[2]
	if c.n == cols && beta == 1 && (len(c.dims) < 2 || c.dims[0] == 1) {
		return c.f32(), 0, nil
	}
	init = make([]float32, rows*cols)
	src := spreadOf(c.f32(), c.dims, []int{rows, cols})
	return init, cols, func() {
		src.copyTo(init)
		f32.ScaleShift(init, init, beta, 0, f32.NoFloor)
	}
}

// buildMatMul makes the product of the last two axes, batched over the others.
func buildMatMul(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	a, b := st.in[0], st.in[1]
	m, k, n := 1, a.dims[len(a.dims)-1], 1
	if len(a.dims) > 1 {
		m = a.dims[len(a.dims)-2]
	}
	if len(b.dims) > 1 {
		n = b.dims[len(b.dims)-1]
	}
	dst, zero, floor := st.out[0].f32(), make([]float32, n), st.floor()
	if b.n == k*n { // one matrix for all batches: the batches are rows
		packed, repack := st.packed(1, 0, k, n, false)
		rows := a.n / k
		return func() {
			if repack != nil {
				repack()
			}
			f32.Gemm(dst, n, a.f32(), k, packed, zero, 0, rows, n, k, floor)
		}, nil
	}
	batch := st.out[0].n / (m * n)
	offA, offB := batchOffsets(a.dims, b.dims, m*k, k*n, batch)
	packed := make([]float32, f32.PackedLen(k, n))
	x, y := a.f32(), b.f32()
	return func() {
		for i := range batch {
			f32.Pack(packed, y[offB[i]:], n, k, n)
			f32.Gemm(dst[i*m*n:], n, x[offA[i]:], k, packed, zero, 0, m, n, k, floor)
		}
	}, nil
}

// batchOffsets returns, for each batch of a product, where its matrices start.
func batchOffsets(a, b []int, sizeA, sizeB, batch int) (offA, offB []int) {
	lead := func(dims []int) []int { return dims[:max(0, len(dims)-2)] }
	to := make([]int, max(len(lead(a)), len(lead(b))))
	for i := range to {
		to[i] = 1
		for _, d := range [][]int{lead(a), lead(b)} {
			if at := i - len(to) + len(d); at >= 0 {
				to[i] = max(to[i], d[at])
			}
		}
	}
	index := func(dims []int, size int) []int {
		src, dst := make([]int, count(dims)), make([]int, batch)
		for i := range src {
			src[i] = i * size
		}
		s := spreadOf(src, dims, to)
		s.copyTo(dst)
		return dst
	}
	return index(lead(a), sizeA), index(lead(b), sizeB)
}
