// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"slices"
	"unsafe"
)

// tensorShape is what a schema fixes of one tensor.
type tensorShape struct {
	dims [MaxRank]int
	rank int
	axes []string
}

// len returns the number of elements.
func (s *tensorShape) len() int {
	n, _ := product(s.dims[:s.rank])
	return n
}

// matches reports whether the tensor of column c has the shape, without
// allocating. Names that a tag fixes may be missing in the tensor.
func (s *tensorShape) matches(r *raw, c *column) bool {
	if r.rank != s.rank || r.dims != s.dims {
		return false
	}
	for i := range s.rank {
		got, want := r.axis(i), ""
		if i < len(s.axes) {
			want = s.axes[i]
		}
		if got != want && (got != "" || c.axes == nil) {
			return false
		}
	}
	return true
}

// tensorAt returns the tensor of column c within a message.
func tensorAt(m unsafe.Pointer, c *column) *raw { return (*raw)(unsafe.Add(m, c.offset)) }

// shapesOf returns the shapes of a message's tensors. A tag fixes rank and
// names: a tensor of another rank is a [*ShapeError], of other names a
// [*TypeError].
func (l *layout) shapesOf(m unsafe.Pointer) ([]tensorShape, error) {
	shapes := make([]tensorShape, len(l.tensors))
	for i, c := range l.tensors {
		r := tensorAt(m, c)
		shapes[i] = tensorShape{dims: r.dims, rank: r.rank, axes: r.axisNames()}
		if err := c.checkShape(&shapes[i]); err != nil {
			return nil, err
		}
		if c.axes != nil {
			shapes[i].axes = c.axes
		}
	}
	return shapes, nil
}

// checkShape compares a shape with the tag of the column.
func (c *column) checkShape(s *tensorShape) error {
	if n := s.len(); n > maxListSize/2 && c.kind == KindComplex64 || n > maxListSize {
		return &ShapeError{Op: c.path, Got: slices.Clone(s.dims[:s.rank])}
	}
	if c.axes == nil {
		return nil
	}
	if s.rank != len(c.axes) {
		want := make([]int, len(c.axes))
		for i := range want {
			want[i] = -1
		}
		return &ShapeError{Op: c.path, Want: want, Got: slices.Clone(s.dims[:s.rank])}
	}
	for i, name := range s.axes {
		if name != "" && name != c.axes[i] {
			return &TypeError{Op: c.path, Want: "axis " + c.axes[i], Got: "axis " + name}
		}
	}
	return nil
}

// batch is the place of every array of a row of given shapes.
type batch struct {
	lens []int // of each node of the layout
	at   []int // offset in the body of the data of each node
	size []int // bytes of the data of each node
	body int   // bytes of the body
}

// newBatch lays out the body of a row: the data of every node in order, each
// at a multiple of [Alignment].
func (l *layout) newBatch(shapes []tensorShape) *batch {
	b := &batch{lens: make([]int, len(l.nodes)), at: make([]int, len(l.nodes)), size: make([]int, len(l.nodes))}
	for i, n := range l.nodes {
		b.lens[i] = n.len
		switch {
		case n.len < 0:
			num := shapes[n.col.index].len()
			b.size[i] = num * n.col.kind.Size()
			b.lens[i] = num
			if n.col.kind == KindComplex64 {
				b.lens[i] = 2 * num
			}
		case n.data && n.col.form == formBool:
			b.size[i] = (n.len + 7) / 8
		case n.data:
			b.size[i] = n.len * n.col.kind.Size()
		}
		b.at[i] = b.body
		b.body += roundUp(b.size[i])
	}
	return b
}
