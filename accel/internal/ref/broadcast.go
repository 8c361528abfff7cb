// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"slices"
	"unsafe"

	"github.com/neuroran/neuroran/internal/simd/f32"
)

// spread is a source seen in the shape of a destination: runs of elements along
// the last axes, at an offset that an odometer steps through the others.
type spread[E any] struct {
	src    []E
	empty  bool  // whether there are no elements at all
	run    int   // elements of one run
	stride int   // step of the source within a run, 0 when it repeats
	lens   []int // lengths of the axes before the run
	steps  []int // step of the source on each of them, 0 where it repeats
	pos    []int // odometer

	// cross is the axis along which the source lies element by element where it
	// does not do so within a run, or −1; jumps are the steps of the destination
	// on the axes before the run.
	cross int
	jumps []int
}

// spreadOf plans reading src, of lengths dims, in the shape of to.
func spreadOf[E any](src []E, dims, to []int) spread[E] {
	strides := make([]int, len(to))
	step := 1
	for i, d := range slices.Backward(dims) {
		if d > 1 {
			strides[len(to)-len(dims)+i] = step
		}
		step *= d
	}
	return stridedOf(src, to, strides)
}

// stridedOf plans reading src with a stride for each axis of to, and joins the
// last axes into one run where the strides allow it.
func stridedOf[E any](src []E, to, strides []int) spread[E] {
	s := spread[E]{src: src, run: 1, empty: slices.Contains(to, 0)}
	last := len(to)
	for last > 0 && (to[last-1] == 1 || s.run == 1) {
		last--
		if to[last] > 1 {
			s.run, s.stride = to[last], strides[last]
		}
	}
	for last > 0 && (to[last-1] == 1 || strides[last-1] == s.run*s.stride) {
		last--
		s.run *= to[last]
	}
	s.lens, s.steps, s.pos, s.jumps = to[:last], strides[:last], make([]int, last), make([]int, last)
	jump := s.run
	s.cross = -1
	for i := last - 1; i >= 0; i-- {
		s.jumps[i] = jump
		jump *= s.lens[i]
		if s.stride > 1 && s.steps[i] == 1 && s.lens[i] > 1 {
			s.cross = i
		}
	}
	return s
}

// transpose writes the source to dst, both of four bytes an element, as one
// matrix for each step of the axes but the crossing one and the run.
func (s *spread[E]) transpose(dst []E) {
	clear(s.pos)
	to, from := asFloats(dst), asFloats(s.src)
	at, off := 0, 0
	for {
		f32.Transpose(to[at:], s.jumps[s.cross], from[off:], s.stride, s.lens[s.cross], s.run)
		i := len(s.lens) - 1
		for ; i >= 0; i-- {
			if i == s.cross {
				continue
			}
			s.pos[i]++
			at, off = at+s.jumps[i], off+s.steps[i]
			if s.pos[i] < s.lens[i] {
				break
			}
			at, off = at-s.pos[i]*s.jumps[i], off-s.pos[i]*s.steps[i]
			s.pos[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// asFloats returns elements of four bytes as float32, to be moved and nothing
// else.
func asFloats[E any](x []E) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

// each calls fn for every run: the offset in the destination and the source.
func (s *spread[E]) each(fn func(dst, src int)) {
	if s.empty {
		return
	}
	clear(s.pos)
	off := 0
	for dst := 0; ; dst += s.run {
		fn(dst, off)
		i := len(s.lens) - 1
		for ; i >= 0; i-- {
			s.pos[i]++
			off += s.steps[i]
			if s.pos[i] < s.lens[i] {
				break
			}
			off -= s.pos[i] * s.steps[i]
			s.pos[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// copyTo writes the source to dst.
func (s *spread[E]) copyTo(dst []E) {
	if s.cross >= 0 && len(dst) > 0 && unsafe.Sizeof(dst[0]) == 4 {
		s.transpose(dst)
		return
	}
	s.each(func(d, o int) {
		run := dst[d : d+s.run]
		switch {
		case s.stride == 1:
			copy(run, s.src[o:o+s.run])
			return
		case s.stride == 0 && s.run > 1:
			fill(run, s.src[o])
			return
		}
		for i := range run {
			run[i] = s.src[o]
			o += s.stride
		}
	})
}

// combine computes dst = op(dst, source).
func (s *spread[E]) combine(dst []E, op func(x, y E) E) {
	s.each(func(d, o int) {
		run := dst[d : d+s.run]
		for i := range run {
			run[i] = op(run[i], s.src[o])
			o += s.stride
		}
	})
}

// copyFrom is copyTo with the source starting at an offset.
func (s *spread[E]) copyFrom(dst []E, off int) {
	s.each(func(d, o int) {
		o += off
		run := dst[d : d+s.run]
		for i := range run {
			run[i] = s.src[o]
			o += s.stride
		}
	})
}

// scatter is the reverse of copyFrom: it writes dense elements to the strided
// places.
func (s *spread[E]) scatter(dense []E, off int) {
	s.each(func(d, o int) {
		o += off
		if s.stride == 1 {
			copy(s.src[o:o+s.run], dense[d:])
			return
		}
		for _, v := range dense[d : d+s.run] {
			s.src[o] = v
			o += s.stride
		}
	})
}
