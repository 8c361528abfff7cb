// SPDX-License-Identifier: Apache-2.0

package ipc

import (
	"encoding/binary"
	"io"
	"reflect"
	"unsafe"
)

// Reader reads messages of one type from an Arrow IPC file: what a [Writer] has
// written, or another implementation with the same schema, one row per record batch and
// no compression. Nothing in the file is trusted. One goroutine may use a Reader at a
// time.
type Reader[M any] struct {
	r       io.ReaderAt
	size    int64
	columns []*column
	blocks  []block
	buf     []byte
	spans   []span
	dims    []int
}

// block is where a record batch is.
type block struct{ at, meta, body int64 }

// NewReader opens a file of so many bytes. It returns a [*tensor.TypeError] that names
// the field where the file's schema is not that of M, errors that wrap [ErrFormat], and
// the error of r.
func NewReader[M any](r io.ReaderAt, size int64) (*Reader[M], error) {
	columns, err := columnsOf(reflect.TypeFor[M]())
	if err != nil {
		return nil, err
	}
	x := &Reader[M]{r: r, size: size, columns: columns}
	footer, err := x.footer()
	if err != nil {
		return nil, err
	}
	meta := flatReader{b: footer}
	root := meta.root()
	if err := checkSchema(&meta, meta.tableField(root, slotFooterSchema), fields(columns)); err != nil {
		return nil, err
	}
	return x, x.index(&meta, meta.vectorField(root, slotFooterBatches, blockSize))
}

// footer reads the footer of the file.
func (x *Reader[M]) footer() ([]byte, error) {
	const tail = 4 + int64(len(magic))
	if x.size < int64(len(magic)+2)+tail {
		return nil, formatError("read", "%d bytes are no file", x.size)
	}
	var end [tail]byte
	if err := x.read(end[:], x.size-tail); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(end[:]))
	if string(end[4:]) != magic || n < 8 || n > x.size-tail-int64(len(magic)) {
		return nil, formatError("read", "no footer at the end: it is no Arrow file, or not complete")
	}
	footer := make([]byte, n)
	return footer, x.read(footer, x.size-tail-n)
}

// index notes where the record batches are.
func (x *Reader[M]) index(meta *flatReader, v flatVector) error {
	for i := range v.len {
		pos := v.pos + blockSize*i
		b := block{meta.i64(pos), int64(meta.u32(pos + 8)), meta.i64(pos + 16)}
		if b.at < 0 || b.body < 0 || b.at > x.size || b.meta > x.size || b.body > x.size || b.at+b.meta+b.body > x.size {
			return formatError("read", "record batch %d lies beyond the end", i)
		}
		x.blocks = append(x.blocks, b)
	}
	if meta.bad {
		return formatError("read", "broken footer")
	}
	return nil
}

// Len returns the number of rows.
func (x *Reader[M]) Len() int { return len(x.blocks) }

// Read reads row i, which must be below Len, into m; slices and tensors keep their
// memory where it is large enough. Fields that are left out keep what they hold. It
// returns errors that wrap [ErrFormat], a [*tensor.ShapeError], and the error of the
// underlying reader; m is unspecified then.
func (x *Reader[M]) Read(i int, m *M) error {
	b := x.blocks[i]
	if n := int(b.meta + b.body); cap(x.buf) < n {
		x.buf = make([]byte, n)
	} else {
		x.buf = x.buf[:n]
	}
	if err := x.read(x.buf, b.at); err != nil {
		return err
	}
	msg, err := parseMessage(x.buf)
	if err != nil {
		return err
	}
	r := &msg.meta
	if msg.kind != headerBatch {
		return formatError("read", "row %d is a message of kind %d", i, msg.kind)
	}
	if rows := r.i64Field(msg.header, slotRows); rows != 1 {
		return formatError("read", "record batch %d has %d rows, want 1", i, rows)
	}
	if r.field(msg.header, slotCompression) != 0 {
		return formatError("read", "record batch %d is compressed", i)
	}
	a := arrays{
		meta: r, nodes: r.vectorField(msg.header, slotNodes, 16), buffers: r.vectorField(msg.header, slotBuffers, 16),
		body: msg.body, spans: x.spans[:0], dims: x.dims[:0],
	}
	root := [1]span{{unsafe.Pointer(m), 1, unsafe.Sizeof(*m)}}
	for _, c := range x.columns {
		if err := a.scatter(c, field(nil, root[:], c.offset)); err != nil {
			return err
		}
	}
	x.spans, x.dims = a.spans, a.dims
	if r.bad || a.nodes.len != 0 || a.buffers.len != 0 {
		return formatError("read", "record batch %d has %d arrays and %d buffers more than its schema", i, a.nodes.len, a.buffers.len)
	}
	return nil
}

// read fills b from a place of the file.
func (x *Reader[M]) read(b []byte, at int64) error {
	if n, err := x.r.ReadAt(b, at); n < len(b) {
		return err
	}
	return nil
}
