// SPDX-License-Identifier: Apache-2.0

package ipc

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/neuroran/neuroran/internal/tensor/memory"
	"github.com/neuroran/neuroran/tensor"
)

// column is one field of the schema, and where its values lie in those of its parent.
type column struct {
	name     string       // as in the schema
	path     string       // as in errors, such as "nr.Grid.RE"
	t        *memory.Type // of a value
	offset   uintptr      // within a value of the parent
	children []*column    // of a struct; the item of an array, a slice or a complex number
	axes     []string     // of a tensor, from its tag
	least    int          // bits that a value takes in a file at least
}

// columnsOf returns the columns of a message type: those of its fields, or one named
// "value" of another type. It returns a [*tensor.TypeError] that names the first field
// that cannot be written.
func columnsOf(t reflect.Type) ([]*column, error) {
	root, err := newColumn("value", t.String(), memory.Of(t), "", 0)
	if err != nil {
		return nil, err
	}
	if root.t.Form == memory.Struct {
		return root.children, nil
	}
	return []*column{root}, nil
}

func newColumn(name, path string, t *memory.Type, tag string, offset uintptr) (*column, error) {
	c := &column{name: name, path: path, t: t, offset: offset}
	if tag != "" && t.Form != memory.Tensor {
		return nil, &tensor.TypeError{Op: path, Want: "a tensor under an axis tag", Got: t.Go.String()}
	}
	switch t.Form {
	case memory.Bool:
		c.least = 1
	case memory.Int, memory.Uint, memory.Float:
		c.least = 8 * int(t.Size)
	case memory.String:
		c.least = 32
	case memory.Tensor:
		if tag != "" {
			c.axes = strings.Split(tag, ",")
		}
		if c.least = 32 + 32*len(c.axes); len(c.axes) > tensor.MaxRank {
			return nil, &tensor.TypeError{Op: path, Want: fmt.Sprintf("at most %d axes", tensor.MaxRank), Got: tag}
		}
	case memory.Complex:
		part := &memory.Type{Go: t.Go, Form: memory.Float, Size: t.Size / 2}
		return c, c.item(part, path, 2)
	case memory.Array:
		return c, c.item(t.Elem, path+"[]", t.Len)
	case memory.Slice:
		if err := c.item(t.Elem, path+"[]", 0); err != nil {
			return nil, err
		}
		c.least = 32
	case memory.Struct:
		return c, c.fields()
	default:
		return nil, &tensor.TypeError{Op: path, Want: "a bool, number, string, tensor, array, slice or struct", Got: t.Go.String()}
	}
	return c, nil
}

// item adds the column of the elements, of which each value has num.
func (c *column) item(t *memory.Type, path string, num int) error {
	item, err := newColumn("item", path, t, "", 0)
	if err != nil {
		return err
	}
	c.children = []*column{item}
	c.least = num * item.least
	return nil
}

// fields adds the columns of a struct.
func (c *column) fields() error {
	for _, f := range c.t.Fields {
		tag := f.Tag.Get("tensor")
		if tag == "-" || f.Name == "_" {
			continue
		}
		child, err := newColumn(f.Name, c.path+"."+f.Name, f.Type, tag, f.Offset)
		if err != nil {
			return err
		}
		c.children = append(c.children, child)
		c.least += child.least
	}
	return nil
}

// num returns how many items each value of an array or a complex number has.
func (c *column) num() int {
	if c.t.Form == memory.Complex {
		return 2
	}
	return c.t.Len
}

// scalars returns how many numbers an element of a tensor is.
func (c *column) scalars() int { return c.t.Ops.Size / c.t.Ops.Word }

// dims returns the number of lengths in the shape of a tensor, −1 if it may vary.
func (c *column) dims() int {
	switch {
	case c.axes == nil:
		return -1
	case c.scalars() == 2:
		return len(c.axes) + 1
	}
	return len(c.axes)
}
