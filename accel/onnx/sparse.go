// SPDX-License-Identifier: Apache-2.0

package onnx

import "fmt"

// maxDense bounds the bytes of all sparse constants of a model, written out.
const maxDense = 256 << 20

// sparse is the payload of a constant of which the file lists only the elements
// that are not 0 (SparseTensorProto).
type sparse struct {
	values  Tensor // [N], elements
	indices Tensor // [N] places in the row-major order, or [N, rank]
}

// decodeSparse reads a sparse constant as a tensor without payload, which
// [Model.inline] writes out.
func decodeSparse(b []byte) (t Tensor, err error) {
	s := &sparse{}
	t.sparse = s
	err = eachField("SparseTensorProto", b, func(f field) error {
		switch f.num {
		case 1:
			return f.message("values", func(b []byte) (err error) { s.values, err = decodeTensor(b); return err })
		case 2:
			return f.message("indices", func(b []byte) (err error) { s.indices, err = decodeTensor(b); return err })
		case 3:
			return f.varints("dims", func(v uint64) {
				d := int(int64(v))
				if d < 0 || d > maxElems {
					d = -1 // refused below
				}
				t.Dims = append(t.Dims, d)
			})
		}
		return nil
	})
	t.Name, t.Type = s.values.Name, s.values.Type
	if _, ok := product(t.Dims); err == nil && !ok {
		err = &FormatError{Message: "SparseTensorProto", Field: "dims", Err: fmt.Errorf("tensor %q: %w", t.Name, errRange)}
	}
	return t, err
}

// dense writes the payload of t out; room is how many bytes it may take.
func (t *Tensor) dense(room int) error {
	s := t.sparse
	fail := func(field, format string, args ...any) error {
		return &FormatError{Message: "SparseTensorProto", Field: field, Err: fmt.Errorf("tensor %q: "+format, append([]any{t.Name}, args...)...)}
	}
	n, size := t.Len(), t.Type.Size()
	switch {
	case size == 0 || s.values.external != nil:
		return fail("values", "%v is not supported, nor other files", t.Type)
	case s.indices.Type != Int64 || s.indices.external != nil:
		return fail("indices", "%v is not supported, nor other files", s.indices.Type)
	case n > room/size:
		return fail("dims", "%v take more than %d bytes in all", t.Dims, maxDense)
	}
	at, err := s.places(t.Dims)
	if err != nil {
		return fail("indices", "%w", err)
	}
	t.Raw = make([]byte, n*size)
	for i, k := range at {
		copy(t.Raw[k*size:(k+1)*size], s.values.Raw[i*size:])
	}
	t.sparse = nil
	return nil
}

// places returns where the elements lie in the row-major order.
func (s *sparse) places(dims []int) ([]int, error) {
	count, index := s.values.Len(), s.indices.Dims
	raw, err := s.indices.Int64s()
	switch {
	case err != nil:
		return nil, err
	case len(index) == 1 && index[0] == count:
		n, _ := product(dims)
		dims = []int{n}
	case len(index) != 2 || index[0] != count || index[1] != len(dims):
		return nil, fmt.Errorf("%v, want [%d] or [%d %d]", index, count, count, len(dims))
	}
	at := make([]int, count)
	for i := range at {
		for k, d := range dims {
			x := raw[i*len(dims)+k]
			if x < 0 || x >= int64(d) {
				return nil, fmt.Errorf("%d is not from 0 to %d", x, d-1)
			}
			at[i] = at[i]*d + int(x)
		}
	}
	return at, nil
}
