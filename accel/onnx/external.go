// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxInline bounds the payload of all tensors that lie beside a model: with more
// it would be no single file any more (protobuf ends at 2 GiB).
const maxInline = 2<<30 - 1<<20

// external says where the payload of a tensor lies (TensorProto.external_data).
type external struct {
	location string
	offset   int64
	length   int64 // -1: to the end of what the shape needs
}

// parse reads one entry of external_data.
func (e *external) parse(key, value string) error {
	number := func(dst *int64) error {
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			return fmt.Errorf("%s %q", key, value)
		}
		*dst = n
		return nil
	}
	switch key {
	case "location":
		e.location = value
	case "offset":
		return number(&e.offset)
	case "length":
		return number(&e.length)
	}
	return nil
}

// inline makes the payload of every tensor a part of the model: it writes sparse
// ones out, and reads what lies in a file of the folder dir. A location must be a clean relative path to a
// regular file below dir: no link, nothing outside.
//
// It returns a [*FormatError] that names the tensor.
func (m *Model) inline(dir string) error {
	var root *os.Root
	defer func() {
		if root != nil {
			_ = root.Close()
		}
	}()
	total, room := int64(0), maxDense
	return eachTensor(m.Graph, allNodes, func(t *Tensor) error {
		if t.sparse != nil {
			err := t.dense(room)
			room -= len(t.Raw)
			return err
		}
		if t.external == nil {
			return nil
		}
		fail := func(err error) error {
			return &FormatError{Message: "TensorProto", Field: "external_data", Err: fmt.Errorf("tensor %q: %w", t.Name, err)}
		}
		if dir == "" {
			return fail(ErrExternalData)
		}
		if root == nil {
			var err error
			if root, err = os.OpenRoot(dir); err != nil {
				return fail(err)
			}
		}
		size := int64(t.Type.bytes(t.Len()))
		if total += size; size < 0 || total > maxInline {
			return fail(fmt.Errorf("external data of more than %d bytes", maxInline))
		}
		raw, err := t.external.read(root, size)
		if err != nil {
			return fail(err)
		}
		t.Raw, t.external = raw, nil
		return nil
	})
}

// read returns the payload of size bytes.
func (e *external) read(root *os.Root, size int64) ([]byte, error) {
	name := filepath.FromSlash(strings.TrimPrefix(e.location, "./"))
	if !filepath.IsLocal(name) || filepath.Clean(name) != name || name == "." {
		return nil, fmt.Errorf("location %q is not a clean path below the model's folder", e.location)
	}
	if e.length >= 0 && e.length != size {
		return nil, fmt.Errorf("length %d, the shape takes %d bytes", e.length, size)
	}
	info, err := root.Lstat(name)
	if err != nil {
		return nil, fmt.Errorf("location %q: %w", e.location, errors.Unwrap(err))
	}
	if info.Mode().Type() != fs.FileMode(0) {
		return nil, fmt.Errorf("location %q is no regular file", e.location)
	}
	if e.offset > info.Size() || size > info.Size()-e.offset {
		return nil, fmt.Errorf("location %q has %d bytes, want %d at offset %d", e.location, info.Size(), size, e.offset)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("location %q: %w", e.location, errors.Unwrap(err))
	}
	defer f.Close()
	raw := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(f, e.offset, size), raw); err != nil {
		return nil, fmt.Errorf("location %q: %w", e.location, err)
	}
	return raw, nil
}

func allNodes(*Node) bool { return true }

// eachTensor calls f for every constant of a graph: initializers, and attributes
// of the nodes that are chosen, also in graphs within.
func eachTensor(g *Graph, choose func(*Node) bool, f func(*Tensor) error) error {
	for i := range g.Initializers {
		if err := f(&g.Initializers[i]); err != nil {
			return err
		}
	}
	for i := range g.Nodes {
		for k := range g.Nodes[i].Attrs {
			a := &g.Nodes[i].Attrs[k]
			if a.Tensor != nil && choose(&g.Nodes[i]) {
				if err := f(a.Tensor); err != nil {
					return err
				}
			}
			if a.Graph != nil {
				if err := eachTensor(a.Graph, choose, f); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// EachWeight calls f for every constant that nodes compute with, initializers and
// Constant nodes alike, until it returns an error.
func (m *Model) EachWeight(f func(*Tensor) error) error {
	return eachTensor(m.Graph, func(n *Node) bool { return n.OpType == "Constant" }, f)
}
