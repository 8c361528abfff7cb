// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"math"
)

// grid samples [batch, channel, …] at the places that a grid names, -1 to 1 along
// each axis.
type grid struct {
	x, g, y  []float32
	batch    int
	channels int
	dims     []int // spatial lengths of the input
	places   int   // places of one batch
	align    bool
	padding  string
	mode     string
	taps     [][]tap // of the current place along each axis
}

func buildGridSample(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	x, g := st.in[0], st.in[1]
	s := &grid{x: x.f32(), g: g.f32(), y: st.out[0].f32(), batch: x.dims[0], channels: x.dims[1], dims: x.dims[2:],
		places: count(g.dims[1 : len(g.dims)-1]), align: st.node.Int("align_corners", 0) != 0,
		padding: st.node.Str("padding_mode", "zeros"), mode: st.node.Str("mode", "linear")}
	s.taps = make([][]tap, len(s.dims))
	for i := range s.taps {
		s.taps[i] = make([]tap, 0, 4)
	}
	switch s.mode {
	case "bilinear", "linear", "nearest", "bicubic", "cubic":
	default:
		return nil, fmt.Errorf("mode %q", s.mode)
	}
	switch s.padding {
	case "zeros", "border", "reflection":
	default:
		return nil, fmt.Errorf("padding_mode %q", s.padding)
	}
	return s.run, nil
}

func (s *grid) run() {
	size, rank := count(s.dims), len(s.dims)
	for b := range s.batch {
		for p := range s.places {
			at := s.g[(b*s.places+p)*rank:][:rank]
			for i, d := range s.dims {
				s.place(i, float64(at[rank-1-i]), d) // the grid names the last axis first
			}
			for c := range s.channels {
				plane := s.x[(b*s.channels+c)*size:][:size]
				s.y[(b*s.channels+c)*s.places+p] = float32(s.sum(plane, 0, 0))
			}
		}
	}
}

// place sets the taps along one axis for a coordinate from -1 to 1.
func (s *grid) place(axis int, v float64, d int) {
	lo, hi := -0.5, float64(d)-0.5
	x := ((v+1)*float64(d) - 1) / 2
	if s.align {
		lo, hi = 0, float64(d-1)
		x = (v + 1) / 2 * float64(d-1)
	}
	if s.mode == "nearest" {
		x = math.RoundToEven(x)
	}
	if !(x >= lo && x <= hi) {
		switch s.padding {
		case "border":
			x = min(max(x, 0), float64(d-1))
		case "reflection":
			x = reflect(x, lo, hi)
		}
	}
	taps := s.taps[axis][:0]
	base := math.Floor(x)
	if math.IsNaN(base) || math.Abs(base) > 1<<40 {
		base, x = -8, -8 // far outside
	}
	r := x - base
	switch s.mode {
	case "nearest":
		taps = s.tap(taps, int(base), 1, d, lo, hi)
	case "bilinear", "linear":
		taps = s.tap(taps, int(base), 1-r, d, lo, hi)
		taps = s.tap(taps, int(base)+1, r, d, lo, hi)
	default:
		for i := -1; i <= 2; i++ {
			taps = s.tap(taps, int(base)+i, cubic(float64(i)-r, -0.75), d, lo, hi)
		}
	}
	s.taps[axis] = taps
}

// tap adds an element, found as the padding says when it lies outside.
func (s *grid) tap(taps []tap, at int, weight float64, d int, lo, hi float64) []tap {
	if at < 0 || at >= d {
		switch s.padding {
		case "zeros":
			return taps
		case "border":
			at = min(max(at, 0), d-1)
		default:
			at = min(max(int(reflect(float64(at), lo, hi)), 0), d-1)
		}
	}
	return append(taps, tap{at, weight})
}

// reflect folds x into lo … hi.
func reflect(x, lo, hi float64) float64 {
	span := hi - lo
	if span <= 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return lo
	}
	x = math.Mod(math.Abs(x-lo), 2*span)
	return lo + min(x, 2*span-x)
}

// sum adds the weighted elements of a plane, axis by axis.
func (s *grid) sum(plane []float32, axis, off int) float64 {
	if axis == len(s.dims) {
		return float64(plane[off])
	}
	total := 0.0
	for _, t := range s.taps[axis] {
		total += t.weight * s.sum(plane, axis+1, off*s.dims[axis]+t.at)
	}
	return total
}

// buildAffineGrid maps a regular grid by a matrix for each batch.
func buildAffineGrid(st *step) (func(), error) {
	y := st.out[0]
	if st.in[0].typ.Size() != 4 || y.typ != st.in[0].typ {
		return nil, fmt.Errorf("element type %v is not supported", st.in[0].typ)
	}
	dims, axes := y.dims[1:len(y.dims)-1], len(y.dims)-2
	theta, dst, align := st.in[0].f32(), y.f32(), st.node.Int("align_corners", 0) != 0
	points := count(dims)
	at := func(k, d int) float64 {
		switch {
		case align && d > 1:
			return -1 + 2*float64(k)/float64(d-1)
		case align:
			return 0
		}
		return (2*float64(k)+1)/float64(d) - 1
	}
	return func() {
		var v [4]float64
		for b := range y.dims[0] {
			m := theta[b*axes*(axes+1):]
			for p := range points {
				rest := p
				for i := axes - 1; i >= 0; i-- {
					v[axes-1-i] = at(rest%dims[i], dims[i]) // x first
					rest /= dims[i]
				}
				for i := range axes {
					sum := float64(m[i*(axes+1)+axes])
					for k := range axes {
						sum += float64(m[i*(axes+1)+k]) * v[k]
					}
					dst[(b*points+p)*axes+i] = float32(sum)
				}
			}
		}
	}, nil
}
