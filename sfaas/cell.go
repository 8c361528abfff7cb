// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/layout"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Declared is what a function declares beside its input and output: cells, resources,
// references to others, topics, and further ports. A handler that uses what its function
// does not declare fails with a [*CellError].
type Declared interface {
	declare(f *plan.Function)
}

// declaration is a Declared that is nothing else.
type declaration func(f *plan.Function)

func (d declaration) declare(f *plan.Function) { d(f) }

// Retired declares cells that a function had in an earlier version and whose
// content may be lost: without it, a snapshot that has content of a cell which
// the function does not declare is refused.
func Retired(cells ...string) Declared {
	return declaration(func(f *plan.Function) { f.Retired = append(f.Retired, cells...) })
}

// CellOption adjusts the declaration of a cell.
type CellOption interface {
	applyCell(d *plan.CellDecl)
}

type cellOption func(d *plan.CellDecl)

func (o cellOption) applyCell(d *plan.CellDecl) { o(d) }

// TTL lets content expire d after its last change: it then reads as absent.
// A Map expires entry by entry, Value and List as a whole.
func TTL(d time.Duration) CellOption {
	return cellOption(func(c *plan.CellDecl) { c.TTL = d })
}

// Version gives the cell's schema a version above 0, and a function that turns
// the encoded content of an older version into the present one. It runs when
// content arrives from a snapshot or a move. Content of a newer version, and
// older content without upgrade, is refused.
func Version(v int, upgrade func(old []byte, from int) ([]byte, error)) CellOption {
	return cellOption(func(c *plan.CellDecl) { c.Version, c.Upgrade = v, upgrade })
}

// MaxBytes states the largest payload of one value of a cell: of a Value, of an element of
// a List, of an entry of a Map with its key. What counts is the content of all fields: a
// string and a slice as many bytes as they hold, each element of a slice one at least. A
// cell whose type has strings or slices states it; others may.
//
//	var names = sfaas.NewMap[string, Subscriber]("names", sfaas.Replicated, sfaas.MaxBytes(512))
//
// A larger value is refused with a [*SizeError], which faults the invocation: at once
// where it is set, and after the handler where it was changed in place; Volatile
// content that has grown too large in place is lost. A snapshot or record with a larger
// value is refused too. The bound is a part of the function's [Digest].
func MaxBytes(n int) CellOption {
	return cellOption(func(c *plan.CellDecl) {
		if c.Max = n; n < 1 || n > plan.MaxContent {
			c.Reason = fmt.Sprintf("MaxBytes: %d bytes, want 1 to %d", n, plan.MaxContent)
		}
	})
}

// newCellDecl returns the declaration of a cell whose values, and keys if it has any,
// are laid out so.
func newCellDecl(name string, class Class, shape string, opts []CellOption, lays ...*layout.Layout) *plan.CellDecl {
	d := &plan.CellDecl{Name: name, Class: class, Shape: shape}
	for _, o := range opts {
		if o == nil {
			d.Reason = "has an option that is nil"
			continue
		}
		o.applyCell(d)
	}
	var form []byte
	for _, lay := range lays {
		form = append(form, lay.Form...)
		switch {
		case d.Reason != "":
		case lay.Opaque != "":
			d.Reason = lay.Opaque
		case lay.Open() && d.Max == 0:
			d.Reason = lay.Type.String() + " holds strings or slices: state how large it gets with MaxBytes"
		}
	}
	if d.Max > 0 {
		d.Shape += fmt.Sprintf(" of at most %d bytes", d.Max)
	}
	d.Quick = d.Max == 0 && lays[len(lays)-1].Plain()
	d.Form = Digest(xxhash.Sum64(form))
	return d
}

// Encode returns the encoding of one T as cells store it: little-endian, field
// by field. It is meant for upgrade functions and fails only on types that no
// cell can hold.
func Encode[T any](x *T) ([]byte, error) {
	lay := layout.Of[T]()
	if lay.Opaque != "" {
		return nil, &CellError{Cell: lay.Type.String(), Reason: lay.Opaque}
	}
	return lay.Encode(nil, unsafe.Pointer(x)), nil
}

// Decode is the inverse of [Encode]. It checks every bound.
func Decode[T any](b []byte) (T, error) {
	var x T
	lay := layout.Of[T]()
	if lay.Opaque != "" {
		return x, &CellError{Cell: lay.Type.String(), Reason: lay.Opaque}
	}
	rest, err := lay.Decode(unsafe.Pointer(&x), b)
	if err == nil && len(rest) != 0 {
		err = base.ErrInvalid
	}
	if err != nil {
		return x, base.Errorf("decode %s: %w", lay.Type, err)
	}
	return x, nil
}
