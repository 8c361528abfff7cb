// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unsafe"
)

// form is the way in which a field becomes an Arrow column.
type form uint8

const (
	formNumber form = iota // a scalar of some Kind but complex64
	formBool
	formList // a fixed array; a complex number is a list of two
	formStruct
	formTensor
)

// column is one field of a message, and the Arrow column that it becomes.
type column struct {
	name     string // as in the schema
	path     string // as in errors, such as "nr.Grid.Samples"
	form     form
	kind     Kind
	count    int // length of a list
	children []*column
	axes     []string // axis names from the tag of a tensor
	offset   uintptr  // of a tensor within the message
	index    int      // of a tensor among the tensors of the message
	runs     []run    // of numbers and bools: where they lie
	num      int      // of numbers and bools: how many
}

// run is a stretch of adjacent elements.
type run struct {
	offset uintptr
	num    int
}

// layout says how messages of one Go type become rows. It is immutable.
type layout struct {
	columns []*column
	tensors []*column
	nodes   []node
	fixed   int     // bytes of everything but tensors and slices
	slices  []slice // variable parts that are counted but cannot be encoded
	err     error   // why the type cannot be encoded
}

// node is one Arrow array of the row: every node has a validity buffer, and
// those with data a second one.
type node struct {
	col  *column
	len  int  // length, or -1 for the elements of a tensor
	data bool // numbers, bools, or the elements of a tensor
}

// slice is a Go slice or string within a message.
type slice struct {
	offset uintptr
	size   int
}

var layouts sync.Map // reflect.Type → *layout

// layoutOf returns the layout of M. It allocates at the first use of M only.
func layoutOf[M any]() *layout {
	t := reflect.TypeFor[M]()
	if l, ok := layouts.Load(t); ok {
		return l.(*layout)
	}
	l, _ := layouts.LoadOrStore(t, newLayout(t))
	return l.(*layout)
}

func newLayout(t reflect.Type) *layout {
	l := &layout{}
	at := []uintptr{0}
	if t.Kind() == reflect.Struct && !isTensor(t) {
		l.columns = l.fields(t, t.String(), at)
	} else if c := l.column(t, "value", t.String(), "", at); c != nil {
		l.columns = append(l.columns, c)
	}
	for _, c := range l.columns {
		l.addNodes(c, 1)
	}
	return l
}

// fields returns the columns of a struct that lies at each of the offsets.
func (l *layout) fields(t reflect.Type, path string, at []uintptr) []*column {
	var columns []*column
	for f := range t.Fields() {
		tag := f.Tag.Get("tensor")
		fieldPath := path + "." + f.Name
		if tag == "-" || f.Name == "_" {
			continue
		}
		if !f.IsExported() {
			l.refuse(fieldPath, "an exported field", "an unexported one")
		}
		fieldAt := make([]uintptr, len(at))
		for j := range at {
			fieldAt[j] = at[j] + f.Offset
		}
		if c := l.column(f.Type, f.Name, fieldPath, tag, fieldAt); c != nil {
			columns = append(columns, c)
		}
	}
	return columns
}

// column returns the column of a value that lies at each of the offsets, or
// nil when its type has none.
func (l *layout) column(t reflect.Type, name, path, tag string, at []uintptr) *column {
	c := &column{name: name, path: path}
	if isTensor(t) {
		return l.tensor(c, t, tag, at)
	}
	if tag != "" {
		l.refuse(path, "a tensor under an axis tag", t.String())
	}
	switch t.Kind() {
	case reflect.Bool:
		c.form = formBool
		c.setRuns(at, 1)
	case reflect.Complex64, reflect.Complex128:
		part := reflect.TypeFor[float32]()
		if t.Kind() == reflect.Complex128 {
			part = reflect.TypeFor[float64]()
		}
		c.form, c.count = formList, 2
		c.children = []*column{l.column(part, "item", path, "", spread(at, 2, part.Size()))}
		return c
	case reflect.Array:
		item := l.column(t.Elem(), "item", path+"[]", "", spread(at, t.Len(), t.Elem().Size()))
		if item == nil {
			return nil
		}
		c.form, c.count, c.children = formList, t.Len(), []*column{item}
		return c
	case reflect.Struct:
		c.form, c.children = formStruct, l.fields(t, path, at)
		return c
	default:
		c.form, c.kind = formNumber, numberKind(t)
		if !c.kind.Valid() {
			l.unsupported(t, path, at)
			return nil
		}
		c.setRuns(at, c.kind.Size())
	}
	l.fixed += int(t.Size()) * len(at)
	return c
}

func (l *layout) tensor(c *column, t reflect.Type, tag string, at []uintptr) *column {
	if len(at) != 1 {
		l.refuse(c.path, "tensors outside arrays", t.String())
		return nil
	}
	c.form, c.kind, c.offset = formTensor, reflect.New(t).Interface().(interface{ Kind() Kind }).Kind(), at[0]
	if tag != "" {
		c.axes = strings.Split(tag, ",")
		if len(c.axes) > MaxRank {
			l.refuse(c.path, fmt.Sprintf("at most %d axes", MaxRank), tag)
		}
	}
	c.index = len(l.tensors)
	l.tensors = append(l.tensors, c)
	return c
}

// unsupported notes a type that cannot be encoded; slices and strings are
// still counted by Size.
func (l *layout) unsupported(t reflect.Type, path string, at []uintptr) {
	l.refuse(path, "a number, bool, fixed array, struct or tensor", t.String())
	size := 1
	switch t.Kind() {
	case reflect.Slice:
		size = int(t.Elem().Size())
	case reflect.String:
	default:
		return
	}
	for _, off := range at {
		l.slices = append(l.slices, slice{off, size})
	}
}

// refuse keeps the first reason why the type cannot be encoded.
func (l *layout) refuse(path, want, got string) {
	if l.err == nil {
		l.err = &TypeError{Op: path, Want: want, Got: got}
	}
}

// addNodes appends the Arrow arrays of a column in the order of the format:
// parents before children. Num is how many values a row holds.
func (l *layout) addNodes(c *column, num int) {
	switch c.form {
	case formNumber, formBool:
		l.nodes = append(l.nodes, node{col: c, len: num, data: true})
	case formTensor:
		l.nodes = append(l.nodes, node{col: c, len: num}, node{col: c, len: -1, data: true})
	case formList:
		l.nodes = append(l.nodes, node{col: c, len: num})
		l.addNodes(c.children[0], num*c.count)
	case formStruct:
		l.nodes = append(l.nodes, node{col: c, len: num})
		for _, child := range c.children {
			l.addNodes(child, num)
		}
	}
}

// setRuns joins the offsets of elements of the given size into runs.
func (c *column) setRuns(at []uintptr, size int) {
	c.num = len(at)
	for _, off := range at {
		if n := len(c.runs); n > 0 && off == c.runs[n-1].offset+uintptr(c.runs[n-1].num*size) {
			c.runs[n-1].num++
			continue
		}
		c.runs = append(c.runs, run{off, 1})
	}
}

// spread returns the offsets of the items of arrays that lie at each of at.
func spread(at []uintptr, count int, size uintptr) []uintptr {
	items := make([]uintptr, 0, len(at)*count)
	for _, off := range at {
		for i := range count {
			items = append(items, off+uintptr(i)*size)
		}
	}
	return items
}

func isTensor(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || t.Size() != unsafe.Sizeof(raw{}) {
		return false
	}
	_, ok := reflect.New(t).Interface().(interface{ tensorHeader() *header })
	return ok
}

// numberKind returns the kind that stores a numeric type, or none.
func numberKind(t reflect.Type) Kind {
	if t == reflect.TypeFor[Float16]() {
		return KindFloat16
	}
	switch t.Kind() {
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		return [...]Kind{1: KindInt8, 2: KindInt16, 4: KindInt32, 8: KindInt64}[t.Size()]
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint:
		return [...]Kind{1: KindUint8, 2: KindUint16, 4: KindUint32, 8: KindUint64}[t.Size()]
	case reflect.Float32:
		return KindFloat32
	case reflect.Float64:
		return KindFloat64
	}
	return 0
}
