// SPDX-License-Identifier: Apache-2.0

package tape

import (
	"io"
	"sync"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/tensor/ipc"
)

// Recorder writes the messages of an edge to a file, in the order in which it gets
// them: that of slots on each key. All methods may be called concurrently. It writes
// while it is called: a file that is slow slows the graph.
type Recorder[M any] struct {
	mu  sync.Mutex
	w   *ipc.Writer[row[M]]
	row row[M]
	err error
}

// NewRecorder begins a file. It returns a [*tensor.TypeError] that names the first field
// of M that cannot be written, and the error of w.
func NewRecorder[M any](w io.Writer) (*Recorder[M], error) {
	x, err := ipc.NewWriter[row[M]](w)
	if err != nil {
		return nil, err
	}
	return &Recorder[M]{w: x}, nil
}

// Add writes a message; it is what [sfaas.WithOutput] takes. After an error it does
// nothing more, and Close returns the error.
func (r *Recorder[M]) Add(h sfaas.Header, m *M) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return
	}
	r.row.setKey(h.Key)
	r.row.Slot, r.row.Message = h.Slot, *m
	r.err = r.w.Write(&r.row)
	var none M
	r.row.Message = none // it is the runtime's
}

// Close ends the file and returns the first error. It does not close the underlying
// writer.
func (r *Recorder[M]) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	return r.w.Close()
}
