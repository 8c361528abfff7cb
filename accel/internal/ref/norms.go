// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"math"
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/simd/f32"
)

// moments returns the mean and the inverse standard deviation of x.
func moments(x []float32, eps float64) (mean, scale float64) {
	n := float64(len(x))
	mean = f32.Sum(x) / n
	return mean, 1 / math.Sqrt(f32.SumSquares(x, float32(mean))/n+eps)
}

// buildGroupNorm makes InstanceNormalization, where each channel is a group, and
// GroupNormalization, whose scale and bias are for each group before operator set
// 21 and for each channel since.
func buildGroupNorm(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	dims := st.in[0].dims
	channels := dims[1]
	groups := channels
	if st.node.OpType == "GroupNormalization" {
		groups = int(st.node.Int("num_groups", 0))
	}
	gamma, beta := st.in[1].f32(), st.in[2].f32()
	if groups < 1 || channels%groups != 0 || len(gamma) != len(beta) || len(gamma) != channels && len(gamma) != groups {
		return nil, st.invalid("%d channels in %d groups, scale of %d and bias of %d elements", channels, groups, len(gamma), len(beta))
	}
	eps, x, y := float64(st.node.Float("epsilon", 1e-5)), st.in[0].f32(), st.out[0].f32()
	size, per := count(dims[2:]), channels/len(gamma) // per: channels that share a scale
	n := channels / groups * size
	return func() {
		for at := 0; at < len(x); at += n {
			mean, scale := moments(x[at:at+n], eps)
			for i := at; i < at+n; i += size {
				c := i / size % channels / per
				row := y[i : i+size]
				f32.SubNumber(row, x[i:], float32(mean))
				f32.ScaleShift(row, row, float32(scale)*gamma[c], beta[c], f32.NoFloor)
			}
		}
	}, nil
}

// buildRMSNorm divides by the root of the mean square over the axes from axis on.
func buildRMSNorm(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	axis, err := st.axisOf(-1, len(st.in[0].dims))
	if err != nil {
		return nil, err
	}
	dims := st.in[0].dims[axis:]
	size, eps := count(dims), float64(st.node.Float("epsilon", 1e-5))
	gamma, load, err := spreadParameter(st, 1, dims)
	if err != nil {
		return nil, err
	}
	x, y := st.in[0].f32(), st.out[0].f32()
	return func() {
		load()
		for at := 0; at < len(x); at += size {
			row := y[at : at+size]
			scale := 1 / math.Sqrt(f32.SumSquares(x[at:at+size], 0)/float64(size)+eps)
			f32.MulNumber(row, x[at:], float32(scale))
			f32.Mul(row, row, gamma)
		}
	}, nil
}

// spreadParameter returns input i broadcast to the given lengths, and a function
// that fills it before each run.
func spreadParameter(st *step, i int, dims []int) ([]float32, func(), error) {
	out := make([]float32, count(dims))
	if !st.has(i) {
		return out, func() {}, nil
	}
	from := st.in[i].dims
	for len(from) > len(dims) && from[0] == 1 {
		from = from[1:]
	}
	if to, ok := onnx.Broadcast(dims, from); !ok || !slices.Equal(to, dims) {
		return nil, nil, st.invalid("input %d is %v, want %v", i, st.in[i].dims, dims)
	}
	src := spreadOf(st.in[i].f32(), from, dims)
	return out, func() { src.copyTo(out) }, nil
}

// buildLayerNormStats makes LayerNormalization with what the plain kernel lacks:
// the mean and the inverse deviation as outputs, and a scale that is broadcast.
func buildLayerNormStats(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	axis, err := st.axisOf(-1, len(st.in[0].dims))
	if err != nil {
		return nil, err
	}
	dims := st.in[0].dims[axis:]
	size, eps := count(dims), float64(st.node.Float("epsilon", 1e-5))
	gamma, load1, err1 := spreadParameter(st, 1, dims)
	beta, load2, err2 := spreadParameter(st, 2, dims)
	if err := cmpOr(err1, err2); err != nil {
		return nil, err
	}
	x, y := st.in[0].f32(), st.out[0].f32()
	stats := [2][]float32{}
	for i := 1; i < len(st.out); i++ {
		stats[i-1] = st.out[i].f32()
	}
	return func() {
		load1()
		load2()
		for at := 0; at < len(x); at += size {
			mean, scale := moments(x[at:at+size], eps)
			f32.Normalize(y[at:at+size], x[at:], gamma, beta, float32(mean), float32(scale))
			for i, v := range [2]float64{mean, scale} {
				if stats[i] != nil {
					stats[i][at/size] = float32(v)
				}
			}
		}
	}, nil
}

func cmpOr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// buildLayerNormAny picks the plain kernel where it will do.
func buildLayerNormAny(st *step) (func(), error) {
	axis, err := st.axisOf(-1, len(st.in[0].dims))
	if err != nil {
		return nil, err
	}
	size := count(st.in[0].dims[axis:])
	if len(st.out) > 1 || st.in[1].n != size || st.has(2) && st.in[2].n != size {
		return buildLayerNormStats(st)
	}
	return buildLayerNorm(st)
}

// buildLRN divides by a power of the sum of squares over neighbouring channels.
func buildLRN(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	dims := st.in[0].dims
	size := int(st.node.Int("size", 1))
	if size < 1 || len(dims) < 2 {
		return nil, st.invalid("size %d, shape %v", size, dims)
	}
	alpha, beta, bias := float64(st.node.Float("alpha", 1e-4)), float64(st.node.Float("beta", 0.75)), float64(st.node.Float("bias", 1))
	x, y, l := st.in[0].f32(), st.out[0].f32(), linesOf(dims, 1)
	before := (size - 1) / 2
	return func() {
		for r := range l.count {
			at := l.start(r)
			for c := range l.n {
				sum := 0.0
				for k := max(0, c-before); k <= min(l.n-1, c-before+size-1); k++ {
					v := float64(x[at+k*l.stride])
					sum += v * v
				}
				y[at+c*l.stride] = float32(float64(x[at+c*l.stride]) / math.Pow(bias+alpha/float64(size)*sum, beta))
			}
		}
	}, nil
}

// buildLpNorm divides by the sum of magnitudes or the root of the sum of squares
// along an axis; what is 0 stays 0.
func buildLpNorm(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	axis, err := st.axisOf(-1, len(st.in[0].dims))
	if err != nil {
		return nil, err
	}
	p := st.node.Int("p", 2)
	if p != 1 && p != 2 {
		return nil, st.invalid("p is %d, want 1 or 2", p)
	}
	x, y, l := st.in[0].f32(), st.out[0].f32(), linesOf(st.in[0].dims, axis)
	return func() {
		for r := range l.count {
			at, sum := l.start(r), 0.0
			for i := range l.n {
				v := math.Abs(float64(x[at+i*l.stride]))
				if p == 2 {
					v *= v
				}
				sum += v
			}
			if p == 2 {
				sum = math.Sqrt(sum)
			}
			if sum == 0 {
				sum = 1
			}
			for i := range l.n {
				y[at+i*l.stride] = float32(float64(x[at+i*l.stride]) / sum)
			}
		}
	}, nil
}

// buildMeanVariance subtracts the mean and divides by the deviation over the given
// axes.
func buildMeanVariance(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	axes := []int64{0, 2, 3}
	if a := st.node.Ints("axes"); a != nil {
		axes = a
	}
	dims := st.in[0].dims
	drop, err := onnx.Axes(axes, len(dims))
	if err != nil {
		return nil, st.invalid("%v", err)
	}
	perm := make([]int, 0, len(dims))
	for pass := range 2 {
		for i := range dims {
			if slices.Contains(drop, i) == (pass == 1) {
				perm = append(perm, i)
			}
		}
	}
	src, _ := transposed(st.in[0].f32(), dims, perm)
	dst, _ := transposed(st.out[0].f32(), dims, perm)
	tmp, n := make([]float32, st.in[0].n), 1
	for _, a := range drop {
		n *= dims[a]
	}
	if n == 0 {
		return nil, fmt.Errorf("empty axes")
	}
	return func() {
		src.copyTo(tmp)
		for at := 0; at < len(tmp); at += n {
			mean, scale := moments(tmp[at:at+n], 0)
			dev := 1/scale + 1e-9
			for i, v := range tmp[at : at+n] {
				tmp[at+i] = float32((float64(v) - mean) / dev)
			}
		}
		dst.scatter(tmp, 0)
	}, nil
}
