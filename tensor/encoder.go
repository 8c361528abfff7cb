// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"slices"
	"unsafe"
)

// MaxStreams bounds how many combinations of shapes an [Encoder] and a
// [Decoder] remember at a time.
const MaxStreams = 64

// Encoder writes messages of one type as rows of Arrow streams. Each
// combination of tensor shapes is a stream of its own, as Arrow has one schema
// a stream; its schema is written once, before its first row, and again only
// if more than [MaxStreams] combinations take turns. One goroutine may use an
// Encoder at a time.
type Encoder[M any] struct {
	layout  *layout
	streams []*stream
	last    int // stream of the last message
	next    int // stream to replace when all are taken
}

// stream is one schema and the place of everything in its rows.
type stream struct {
	shapes []tensorShape
	batch  *batch
	head   []byte // framed metadata of the record batch
}

// NewEncoder returns an encoder, or the error of [Layout.Err].
func NewEncoder[M any]() (*Encoder[M], error) {
	l := layoutOf[M]()
	if l.err != nil {
		return nil, l.err
	}
	return &Encoder[M]{layout: l}, nil
}

// Encode appends m to dst as one record batch, preceded by the schema if it
// opens a stream, and returns the number of that stream, 0…MaxStreams-1. What
// it appends is a multiple of [Alignment] long, with every tensor at a multiple
// of Alignment. All that is encoded for one number, put together, is an Arrow
// IPC stream. A schema under a number already used begins a new one.
//
// Encode returns a [*ShapeError] or [*TypeError] that names the field when a
// tensor disagrees with its tag; dst is then unchanged. It allocates for a new
// combination of shapes, and where dst grows.
func (e *Encoder[M]) Encode(dst []byte, m *M) (stream int, out []byte, err error) {
	p := unsafe.Pointer(m)
	id, found := e.find(p)
	if !found {
		if id, err = e.open(p); err != nil {
			return 0, dst, err
		}
		dst = append(dst, e.layout.writeSchema(e.streams[id].shapes)...)
	}
	e.last = id
	s := e.streams[id]
	dst = slices.Grow(dst, len(s.head)+s.batch.body)
	dst = append(dst, s.head...)
	start := len(dst)
	dst = dst[:start+s.batch.body]
	e.layout.gather(dst[start:], p, s.batch)
	return id, dst, nil
}

// find returns the stream of a message's shapes.
func (e *Encoder[M]) find(m unsafe.Pointer) (int, bool) {
	for i := range e.streams {
		id := (e.last + i) % len(e.streams)
		if e.layout.matches(m, e.streams[id].shapes) {
			return id, true
		}
	}
	return 0, false
}

// open makes a stream for a message's shapes.
func (e *Encoder[M]) open(m unsafe.Pointer) (int, error) {
	shapes, err := e.layout.shapesOf(m)
	if err != nil {
		return 0, err
	}
	b := e.layout.newBatch(shapes)
	s := &stream{shapes: shapes, batch: b, head: e.layout.writeBatch(b)}
	if len(e.streams) < MaxStreams {
		e.streams = append(e.streams, s)
		return len(e.streams) - 1, nil
	}
	id := e.next
	e.streams[id], e.next = s, (id+1)%MaxStreams
	return id, nil
}

func (l *layout) matches(m unsafe.Pointer, shapes []tensorShape) bool {
	for i, c := range l.tensors {
		if !shapes[i].matches(tensorAt(m, c), c) {
			return false
		}
	}
	return true
}

// gather writes the body of a row: the data of every node, with zeros up to
// the next multiple of Alignment.
func (l *layout) gather(body []byte, m unsafe.Pointer, b *batch) {
	for i, n := range l.nodes {
		if !n.data {
			continue
		}
		dst := body[b.at[i] : b.at[i]+b.size[i]]
		switch n.col.form {
		case formTensor:
			copy(dst, tensorAt(m, n.col).bytes(n.col.kind))
		case formBool:
			clear(dst)
			n.col.each(func(k int, off uintptr) {
				if *(*bool)(unsafe.Add(m, off)) {
					dst[k/8] |= 1 << (k % 8)
				}
			})
		default:
			for _, r := range n.col.runs {
				dst = dst[copy(dst, unsafe.Slice((*byte)(unsafe.Add(m, r.offset)), r.num*n.col.kind.Size())):]
			}
		}
		clear(body[b.at[i]+b.size[i] : b.at[i]+roundUp(b.size[i])])
	}
}

// each calls f for every bool of a column.
func (c *column) each(f func(k int, off uintptr)) {
	k := 0
	for _, r := range c.runs {
		for i := range r.num {
			f(k, r.offset+uintptr(i))
			k++
		}
	}
}
