// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"encoding/binary"
	"fmt"
	"time"
	"unsafe"
)

// Class says what the content of a cell must survive.
type Class uint8

const (
	// Volatile content may be lost when its owner is lost, as a radio
	// impairment would lose it. It changes in place and survives a failed
	// handler as the handler left it.
	Volatile Class = iota
	// Replicated content survives a node. Changes are staged and discarded if
	// the handler fails.
	Replicated
	// Sealed content is as Replicated, and encrypted wherever it is stored or
	// sent.
	Sealed
)

// String returns the lower-case name of the class.
func (c Class) String() string {
	switch c {
	case Volatile:
		return "volatile"
	case Replicated:
		return "replicated"
	default:
		return "sealed"
	}
}

// Declared is what a function declares beside its ports: cells and resources.
type Declared interface {
	declare(f *function)
}

// CellOption adjusts the declaration of a cell.
type CellOption interface {
	applyCell(d *cellDecl)
}

type cellOption func(d *cellDecl)

func (o cellOption) applyCell(d *cellDecl) { o(d) }

// TTL lets content expire d after its last change: it then reads as absent.
// A Map expires entry by entry, Value and List as a whole.
func TTL(d time.Duration) CellOption {
	return cellOption(func(c *cellDecl) { c.ttl = d })
}

// Version gives the cell's schema a version above 0, and a function that turns
// the encoded content of an older version into the present one. It runs when
// content arrives from a snapshot or a move. Content of a newer version, and
// older content without upgrade, is refused.
func Version(v int, upgrade func(old []byte, from int) ([]byte, error)) CellOption {
	return cellOption(func(c *cellDecl) { c.version, c.upgrade = v, upgrade })
}

// cellDecl is one declaration; it is immutable once a function declares it.
type cellDecl struct {
	name    string
	class   Class
	ttl     time.Duration
	version int
	upgrade func(old []byte, from int) ([]byte, error)
	shape   string // kind and types, part of the digest
	form    Digest // form of the encoding, part of the digest
	reason  string // why the declaration is invalid, or ""
	make    func() cellStore
}

func newCellDecl(name string, class Class, shape string, opts []CellOption) *cellDecl {
	d := &cellDecl{name: name, class: class, shape: shape}
	for _, o := range opts {
		o.applyCell(d)
	}
	return d
}

func (d *cellDecl) declare(f *function) { f.cells = append(f.cells, d) }

// staged reports whether changes wait for the handler's success.
func (d *cellDecl) staged() bool { return d.class != Volatile }

// cellStore is the content of one cell of one instance.
type cellStore interface {
	// apply makes the staged content current; discard forgets it.
	apply(now Time)
	discard()
	// encode appends the current content; decode replaces it by content that
	// was encoded under the given schema version.
	encode(dst []byte, now Time) []byte
	decode(src []byte, version int, now Time) error
	// clone returns a copy of the current content that shares no memory.
	clone() cellStore
	head() *cellHead
	// live reports whether there is any content.
	live(now Time) bool
}

// cellHead is the part that all stores share.
type cellHead struct {
	decl  *cellDecl
	dirty bool
}

func (h *cellHead) head() *cellHead { return h }

// expiry returns the moment at which content written now expires.
func (h *cellHead) expiry(now Time) Time {
	if h.decl.ttl <= 0 {
		return Never
	}
	return now.Add(h.decl.ttl)
}

// appendExpiry appends how long the content will last, so that it keeps its
// meaning on another clock; 0 means for ever.
func appendExpiry(dst []byte, expires, now Time) []byte {
	if expires == Never {
		return binary.AppendUvarint(dst, 0)
	}
	return binary.AppendUvarint(dst, uint64(max(expires-now, 1)))
}

func cutExpiry(src []byte, now Time) (Time, []byte, error) {
	left, rest, err := cutUint64(src)
	if err != nil {
		return 0, nil, err
	}
	if left == 0 || left >= uint64(Never-now) {
		return Never, rest, nil
	}
	return now + Time(left), rest, nil
}

// appendItem appends one value with its length, which lets an upgrade change it.
func appendItem(dst []byte, lay *layout, p unsafe.Pointer) []byte {
	n := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = lay.encode(dst, p)
	binary.LittleEndian.PutUint32(dst[n:], uint32(len(dst)-n-4))
	return dst
}

// cutItem reads one value of an older or the present version into p.
func (d *cellDecl) cutItem(src []byte, version int, lay *layout, p unsafe.Pointer) ([]byte, error) {
	if len(src) < 4 {
		return nil, errTruncated
	}
	n := binary.LittleEndian.Uint32(src)
	if src = src[4:]; uint64(n) > uint64(len(src)) {
		return nil, errTruncated
	}
	item, rest := src[:n:n], src[n:]
	if version != d.version {
		if version > d.version || d.upgrade == nil {
			return nil, fmt.Errorf("cell %s: schema version %d, want %d", d.name, version, d.version)
		}
		var err error
		if item, err = d.upgrade(item, version); err != nil {
			return nil, fmt.Errorf("cell %s: upgrade from version %d: %w", d.name, version, err)
		}
	}
	left, err := lay.decode(p, item)
	if err != nil {
		return nil, err
	}
	if len(left) != 0 {
		return nil, errInvalid
	}
	return rest, nil
}

// Encode returns the encoding of one T as cells store it: little-endian, field
// by field. It is meant for upgrade functions and fails only on types that no
// cell can hold.
func Encode[T any](x *T) ([]byte, error) {
	lay := layoutOf[T]()
	if r := lay.cellError(); r != "" {
		return nil, &CellError{Cell: lay.typ.String(), Reason: r}
	}
	return lay.encode(nil, unsafe.Pointer(x)), nil
}

// Decode is the inverse of [Encode]. It checks every bound.
func Decode[T any](b []byte) (T, error) {
	var x T
	lay := layoutOf[T]()
	if r := lay.cellError(); r != "" {
		return x, &CellError{Cell: lay.typ.String(), Reason: r}
	}
	rest, err := lay.decode(unsafe.Pointer(&x), b)
	if err == nil && len(rest) != 0 {
		err = errInvalid
	}
	if err != nil {
		return x, fmt.Errorf("sfaas: decode %s: %w", lay.typ, err)
	}
	return x, nil
}
