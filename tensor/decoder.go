// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"fmt"
	"io"
	"unsafe"
)

// Decoder reads messages of one type from Arrow streams: what an [Encoder]
// writes, or another Arrow implementation with the same schema. One goroutine
// may use a Decoder at a time.
type Decoder[M any] struct {
	layout  *layout
	streams [MaxStreams]*stream
	places  []int // scratch: place of the data of each node in the body
}

// NewDecoder returns a decoder, or the error of [Layout.Err].
func NewDecoder[M any]() (*Decoder[M], error) {
	l := layoutOf[M]()
	if l.err != nil {
		return nil, l.err
	}
	return &Decoder[M]{layout: l, places: make([]int, len(l.nodes))}, nil
}

// Decode reads the next message of the given stream from b, with the schema
// before it if there is one, and returns what follows in b. Tensors become
// views of b, which must stay unchanged as long as they are used; other fields
// are copied. Nothing in b is trusted: every length and offset is checked
// against the schema, and the schema against M, before m is touched.
//
// It returns [io.EOF] at the end of the stream; a [*TypeError] or [*ShapeError]
// that names the field when the schema does not fit M; and errors that wrap
// [ErrFormat], [ErrNoSchema] or [ErrUnaligned], the last when b does not start
// at a multiple of 8 bytes or a writer did not align its buffers. It allocates
// for a schema only.
func (d *Decoder[M]) Decode(m *M, stream int, b []byte) (rest []byte, err error) {
	if stream < 0 || stream >= MaxStreams {
		return b, formatError("decode", "stream %d, want 0…%d", stream, MaxStreams-1)
	}
	for {
		msg, rest, ok, err := nextMessage(b)
		if err != nil {
			return b, err
		}
		if !ok {
			return rest, io.EOF
		}
		switch msg.kind {
		case headerSchema:
			if err := d.open(&msg, stream); err != nil {
				return b, err
			}
			b = rest
		case headerBatch:
			s := d.streams[stream]
			if s == nil {
				return b, fmt.Errorf("tensor: decode: %w", ErrNoSchema)
			}
			if err := d.layout.place(d.places, &msg, s.batch); err != nil {
				return b, err
			}
			d.layout.scatter(unsafe.Pointer(m), msg.body, d.places, s)
			return rest, nil
		default:
			return b, formatError("decode", "message of kind %d", msg.kind)
		}
	}
}

func (d *Decoder[M]) open(msg *ipcMessage, id int) error {
	shapes, err := d.layout.readSchema(msg)
	if err != nil {
		return err
	}
	d.streams[id] = &stream{shapes: shapes, batch: d.layout.newBatch(shapes)}
	return nil
}

// place checks a record batch against the lengths that the schema gives, and
// notes where the data of every node lies in the body.
func (l *layout) place(places []int, m *ipcMessage, b *batch) error {
	r := &m.meta
	if rows := r.i64Field(m.header, slotRows); rows != 1 {
		return formatError("decode", "%d rows, want 1", rows)
	}
	if r.field(m.header, slotCompression) != 0 {
		return formatError("decode", "compressed body")
	}
	nodes := r.vectorField(m.header, slotNodes, 16)
	buffers := r.vectorField(m.header, slotBuffers, 16)
	if r.bad || nodes.len != len(l.nodes) {
		return formatError("decode", "%d arrays, want %d", nodes.len, len(l.nodes))
	}
	next := 0
	for i, n := range l.nodes {
		if num, nulls := r.i64(nodes.pos+16*i), r.i64(nodes.pos+16*i+8); num != int64(b.lens[i]) || nulls != 0 {
			return formatError("decode", "%s: %d values with %d nulls, want %d", n.col.path, num, nulls, b.lens[i])
		}
		next++ // the bitmap says nothing where nothing is null
		if !n.data {
			continue
		}
		if next >= buffers.len {
			return formatError("decode", "%d buffers are too few", buffers.len)
		}
		off, size := r.i64(buffers.pos+16*next), r.i64(buffers.pos+16*next+8)
		next++
		if off < 0 || size < int64(b.size[i]) || off > int64(len(m.body)) || size > int64(len(m.body))-off {
			return formatError("decode", "%s: %d bytes at %d of %d, want %d", n.col.path, size, off, len(m.body), b.size[i])
		}
		places[i] = int(off)
		if n.col.form == formTensor && b.size[i] > 0 && !aligned(unsafe.Pointer(&m.body[off]), n.col.kind) {
			return fmt.Errorf("tensor: decode: %s: %w", n.col.path, ErrUnaligned)
		}
	}
	if next != buffers.len {
		return formatError("decode", "%d buffers, want %d", buffers.len, next)
	}
	return nil
}

// scatter fills a message from a body that place has checked.
func (l *layout) scatter(m unsafe.Pointer, body []byte, places []int, s *stream) {
	for i, n := range l.nodes {
		if !n.data {
			continue
		}
		src := body[places[i] : places[i]+s.batch.size[i]]
		switch n.col.form {
		case formTensor:
			tensorAt(m, n.col).view(src, &s.shapes[n.col.index])
		case formBool:
			n.col.each(func(k int, off uintptr) {
				*(*bool)(unsafe.Add(m, off)) = src[k/8]>>(k%8)&1 == 1
			})
		default:
			for _, r := range n.col.runs {
				src = src[copy(unsafe.Slice((*byte)(unsafe.Add(m, r.offset)), r.num*n.col.kind.Size()), src):]
			}
		}
	}
}

// view makes the tensor a view of foreign bytes, which fit the shape.
func (r *raw) view(b []byte, s *tensorShape) {
	n := s.len()
	r.data, r.len, r.cap = nil, n, n
	if n > 0 {
		r.data = unsafe.Pointer(unsafe.SliceData(b))
	}
	r.header = header{dims: s.dims, rank: s.rank, axes: s.axes}
}
