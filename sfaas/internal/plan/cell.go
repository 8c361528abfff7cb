// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"encoding/binary"
	"fmt"
	"time"
	"unsafe"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/layout"
)

// CellDecl is one declaration; it is immutable once a function declares it.
type CellDecl struct {
	Name    string        // of the cell, one of its kind in a function
	Class   base.Class    // what its content must survive
	TTL     time.Duration // how long content lasts, 0 for ever
	Version int           // of the schema
	Max     int           // largest payload of one value, with its key in a map; 0: no bound
	Quick   bool          // an assignment sets a value, and nothing is to be checked
	// Upgrade turns encoded content of an older version into the present one.
	Upgrade func(old []byte, from int) ([]byte, error)
	Shape   string           // kind and types, part of the digest
	Form    base.Digest      // form of the encoding, part of the digest
	Reason  string           // why the declaration is invalid, or ""
	Make    func() CellStore // returns a store without content
}

// Staged reports whether changes wait for the handler's success.
func (d *CellDecl) Staged() bool { return d.Class != base.Volatile }

// CellStore is the content of one cell of one instance. The machine calls it on
// the core that owns the instance, the cell's methods on behalf of a handler
// there.
type CellStore interface {
	// Apply makes the staged content current; Discard forgets it.
	Apply(now base.Time)
	Discard()
	// Encode appends the current content; Decode replaces it by content that
	// was encoded under the given schema version.
	Encode(dst []byte, now base.Time) []byte
	Decode(src []byte, version int, at Moments) error
	// Clone returns a copy of the current content that shares no memory.
	Clone() CellStore
	// Head returns the part that all stores share.
	Head() *CellHead
	// Size returns the payload bytes of the current content.
	Size() int
	// Live reports whether there is any content.
	Live(now base.Time) bool
	// Changes says which parts staged changes set and delete; it is called before
	// Apply. AllParts says the same of all content. Merge takes one part: those that
	// were set and not deleted are the content again. Moments are relative to origin.
	Changes(to Parts, now, origin base.Time)
	AllParts(to Parts, now, origin base.Time)
	Merge(part, content []byte, version int, at Moments) error
	// Merged says whether no part is missing, as far as the others tell.
	Merged() error
	// Check says whether what a handler has changed in place is within the bound of the
	// cell. Volatile content that is not is lost: it cannot be taken back.
	Check() error
}

// Parts takes parts of a cell. A part has a name, whose bytes order it, and content;
// both are the caller's again when a method has returned.
type Parts interface {
	// Set says what the content of a part is.
	Set(part, content []byte)
	// Delete says that a part is gone.
	Delete(part []byte)
	// DeleteFrom says the same of a part and of all that are behind it.
	DeleteFrom(part []byte)
}

// Moments are one moment on two clocks: that of whoever encoded something, and
// that of whoever decodes it.
type Moments struct {
	Then, Now base.Time
}

// Shift returns how far the second clock is ahead of the first.
func (m Moments) Shift() time.Duration { return m.Now.Sub(m.Then) }

// MaxContent is the largest bound that a cell may state, in bytes.
const MaxContent = 1 << 26

// Fits returns a [*base.SizeError] if a value of so many bytes is beyond the bound.
func (d *CellDecl) Fits(bytes int) error {
	if d.Max == 0 || bytes <= d.Max {
		return nil
	}
	return &base.SizeError{Port: "cell " + d.Name, Bytes: bytes, Limit: d.Max}
}

// CellHead is the part that all stores share.
type CellHead struct {
	Decl  *CellDecl // what the program declared
	Dirty bool      // content is staged
}

// Head implements [CellStore].
func (h *CellHead) Head() *CellHead { return h }

// Expiry returns the moment at which content written now expires.
func (h *CellHead) Expiry(now base.Time) base.Time {
	if h.Decl.TTL <= 0 {
		return base.Never
	}
	return now.Add(h.Decl.TTL)
}

// AppendExpiry appends how long the content will last, so that it keeps its
// meaning on another clock; 0 means for ever.
func AppendExpiry(dst []byte, expires, now base.Time) []byte {
	if expires == base.Never {
		return binary.AppendUvarint(dst, 0)
	}
	return binary.AppendUvarint(dst, uint64(max(expires-now, 1)))
}

// CutExpiry is the inverse of [AppendExpiry].
func CutExpiry(src []byte, now base.Time) (base.Time, []byte, error) {
	left, rest, err := base.CutUint64(src)
	if err != nil {
		return 0, nil, err
	}
	if left == 0 || left >= uint64(base.Never-now) {
		return base.Never, rest, nil
	}
	return now + base.Time(left), rest, nil
}

// AppendItem appends one value with its length, which lets an upgrade change it.
func AppendItem(dst []byte, lay *layout.Layout, p unsafe.Pointer) []byte {
	n := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = lay.Encode(dst, p)
	binary.LittleEndian.PutUint32(dst[n:], uint32(len(dst)-n-4))
	return dst
}

// CutItem reads one value of an older or the present version into p. Its
// moments are then those of the present clock.
func (d *CellDecl) CutItem(src []byte, version int, lay *layout.Layout, p unsafe.Pointer, at Moments) ([]byte, error) {
	if len(src) < 4 {
		return nil, base.ErrTruncated
	}
	n := binary.LittleEndian.Uint32(src)
	if src = src[4:]; uint64(n) > uint64(len(src)) {
		return nil, base.ErrTruncated
	}
	item, rest := src[:n:n], src[n:]
	if version != d.Version {
		if version > d.Version || d.Upgrade == nil {
			return nil, fmt.Errorf("cell %s: schema version %d, want %d", d.Name, version, d.Version)
		}
		var err error
		if item, err = d.Upgrade(item, version); err != nil {
			return nil, fmt.Errorf("cell %s: upgrade from version %d: %w", d.Name, version, err)
		}
	}
	left, err := lay.Decode(p, item)
	if err != nil {
		return nil, err
	}
	if len(left) != 0 {
		return nil, base.ErrInvalid
	}
	if err := d.Fits(lay.Measure(p)); err != nil {
		return nil, err
	}
	lay.Shift(p, at.Shift())
	return rest, nil
}
