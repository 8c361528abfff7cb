// SPDX-License-Identifier: Apache-2.0

package ipc

import (
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"unsafe"
)

// magic begins and ends a file.
const magic = "ARROW1"

// Writer writes messages of one type into an Arrow IPC file, a row and a record batch
// for each. One goroutine may use a Writer at a time.
type Writer[M any] struct {
	w       io.Writer
	columns []*column
	schema  []fieldOf
	at      int64   // bytes written
	blocks  []int64 // of the footer: where the record batches are
	batch   batch
	err     error // why nothing more can be written
}

// errWriterClosed is returned by a Writer that has been closed.
var errWriterClosed = errors.New("ipc: write: the file is closed")

// NewWriter begins a file: it writes the schema of M. It returns a [*tensor.TypeError]
// that names the first field of M that cannot be written, and the error of w.
func NewWriter[M any](w io.Writer) (*Writer[M], error) {
	columns, err := columnsOf(reflect.TypeFor[M]())
	if err != nil {
		return nil, err
	}
	x := &Writer[M]{w: w, columns: columns, schema: fields(columns)}
	x.write([]byte(magic + "\x00\x00"))
	x.write(writeSchema(x.schema))
	return x, x.err
}

// Write adds a message as the last row. It returns a [*tensor.ShapeError] or
// [*tensor.TypeError] that names the field when a tensor disagrees with its tag or a
// list is too long for Arrow; nothing is written then. After an error of the underlying
// writer it returns that.
func (x *Writer[M]) Write(m *M) error {
	if x.err != nil {
		return x.err
	}
	x.batch.reset()
	root := [1]span{{unsafe.Pointer(m), 1, unsafe.Sizeof(*m)}}
	for _, c := range x.columns {
		if err := x.batch.gather(c, field(nil, root[:], c.offset)); err != nil {
			return err
		}
	}
	head := writeBatch(&x.batch)
	x.blocks = append(x.blocks, x.at, int64(len(head)), int64(len(x.batch.body)))
	x.write(head)
	x.write(x.batch.body)
	return x.err
}

// Close ends the file. It does not close the underlying writer. It returns the first
// error of that.
func (x *Writer[M]) Close() error {
	if x.err != nil {
		if x.err == errWriterClosed {
			return nil
		}
		return x.err
	}
	x.write(binary.LittleEndian.AppendUint64(nil, ipcContinuation)) // the end of the messages
	footer := writeFooter(x.schema, x.blocks)
	x.write(footer)
	x.write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(footer))), magic...))
	if x.err != nil {
		return x.err
	}
	x.err = errWriterClosed
	return nil
}

func (x *Writer[M]) write(b []byte) {
	if x.err == nil {
		_, x.err = x.w.Write(b)
		x.at += int64(len(b))
	}
}
