// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"math"
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
)

// reducers makes the reductions for every type but float32, and for float32 those
// that its kernel lacks.
var reducers = integers(reduceAs[int8], reduceAs[int16], reduceAs[int32], reduceAs[int64], reduceAs[uint8], reduceAs[uint16], reduceAs[uint32], reduceAs[uint64]).
	with(onnx.Float32, reduceAs[float32]).with(onnx.Float64, reduceAs[float64]).with(onnx.Bool, reduceAs[uint8])

// buildReduceAny picks the float32 kernel where there is one.
func buildReduceAny(st *step) (func(), error) {
	if op, ok := reductions[st.node.OpType]; ok && st.in[0].typ == onnx.Float32 && st.in[0].n > 0 {
		return buildReduce(op)(st)
	}
	return reducers.build(st, st.in[0].typ)
}

// reducedAxes returns the axes that a reduction folds, none where it leaves every
// element alone.
func reducedAxes(st *step) ([]int, error) {
	axes, ok, err := onnx.Args(st.node.Node, st.values(), "axes", 1)
	if err != nil {
		return nil, err
	}
	rank := len(st.in[0].dims)
	if ok && len(axes) > 0 {
		return onnx.Axes(axes, rank)
	}
	if st.node.Int("noop_with_empty_axes", 0) != 0 {
		return nil, nil
	}
	return axesExcept(rank, nil), nil
}

func reduceAs[E number](st *step) (func(), error) {
	drop, err := reducedAxes(st)
	if err != nil {
		return nil, err
	}
	dims := st.in[0].dims
	perm, n := axesExcept(len(dims), drop), 1
	slices.Sort(drop)
	for _, a := range drop {
		n *= dims[a]
	}
	src, _ := transposed(as[E](st.in[0]), dims, append(perm, drop...))
	tmp, dst, f := make([]E, st.in[0].n), as[E](st.out[0]), folding[E](st.node.OpType)
	return func() {
		src.copyTo(tmp)
		for i := range dst {
			dst[i] = f(tmp[i*n : (i+1)*n])
		}
	}, nil
}

// folding returns the function that folds elements into one. Whole numbers are
// added and multiplied as such.
func folding[E number](op string) func([]E) E {
	sum := func(term func(E) E) func([]E) E {
		return func(v []E) E {
			var s E
			for _, x := range v {
				s += term(x)
			}
			return s
		}
	}
	switch op {
	case "ReduceSum":
		return sum(func(x E) E { return x })
	case "ReduceSumSquare":
		return sum(func(x E) E { return x * x })
	case "ReduceProd":
		return func(v []E) E {
			p := E(1)
			for _, x := range v {
				p *= x
			}
			return p
		}
	case "ReduceMax", "ReduceMin":
		return func(v []E) E { return extreme(v, op == "ReduceMax") }
	case "ReduceLogSumExp":
		return logSumExp[E]
	}
	return func(v []E) E {
		var s, abs, square float64
		for _, x := range v {
			f := float64(x)
			s, abs, square = s+f, abs+math.Abs(f), square+f*f
		}
		switch op {
		case "ReduceMean":
			return convertTo[E](s / float64(len(v)))
		case "ReduceL1":
			return convertTo[E](abs)
		case "ReduceL2":
			return convertTo[E](math.Sqrt(square))
		}
		return convertTo[E](math.Log(s)) // ReduceLogSum
	}
}

// extreme returns the largest or smallest element; of none it is the end of the
// type's range.
func extreme[E number](v []E, largest bool) E {
	if len(v) == 0 {
		return emptyExtreme[E](largest)
	}
	best := v[0]
	for _, x := range v[1:] {
		if largest {
			best = max(best, x)
		} else {
			best = min(best, x)
		}
	}
	return best
}

// emptyExtreme is the neutral element of max or min.
func emptyExtreme[E number](largest bool) E {
	var zero E
	if E(1)/2 != 0 { // a real type
		if largest {
			return E(math.Inf(-1))
		}
		return E(math.Inf(1))
	}
	top := zero - 1 // all ones
	if top > 0 {
		if largest {
			return 0
		}
		return top
	}
	low := E(1)
	for low > 0 {
		low *= 2 // the sign bit
	}
	if largest {
		return low
	}
	return low - 1
}

func logSumExp[E number](v []E) E {
	if len(v) == 0 {
		return convertTo[E](math.Inf(-1))
	}
	peak := float64(extreme(v, true))
	if math.IsInf(peak, 0) {
		return convertTo[E](peak)
	}
	sum := 0.0
	for _, x := range v {
		sum += math.Exp(float64(x) - peak)
	}
	return convertTo[E](peak + math.Log(sum))
}
