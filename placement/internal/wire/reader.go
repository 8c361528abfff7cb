// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/neuroran/neuroran/sfaas"
)

// Reader takes fields from the front of bytes. It is for one goroutine, and allocates for texts and
// errors alone.
type Reader struct {
	b   []byte
	of  error
	err error
}

// Read returns a reader of b, whose errors wrap of.
func Read(b []byte, of error) Reader { return Reader{b: b, of: of} }

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// Rest returns what has not been read: nothing after an error.
func (r *Reader) Rest() []byte { return r.b }

// End returns the first error, or one that says that bytes are left.
func (r *Reader) End() error {
	if len(r.b) > 0 {
		r.Fail("%d bytes beyond its end", len(r.b))
	}
	return r.err
}

// Fail notes an error, unless there has been one.
func (r *Reader) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{r.of}, args...)...)
	}
	r.b = nil
}

// Bytes returns the next n bytes, which lie in what is read, or nil if there are fewer.
func (r *Reader) Bytes(field string, n int) []byte {
	if r.err != nil || n < 0 || len(r.b) < n {
		r.Fail("%s: cut short", field)
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// Byte returns the next byte, which is at most as large as that.
func (r *Reader) Byte(field string, most byte) byte {
	b := r.Bytes(field, 1)
	if b == nil {
		return 0
	}
	if b[0] > most {
		r.tooMuch(field, uint64(b[0]), uint64(most))
		return 0
	}
	return b[0]
}

// Bool returns whether the next byte is 1; it is 0 or 1.
func (r *Reader) Bool(field string) bool { return r.Byte(field, 1) == 1 }

// Version reads the byte that a message begins with.
func (r *Reader) Version(want byte) {
	if b := r.Bytes("version", 1); b != nil && b[0] != want {
		r.Fail("version: got %d, want %d", b[0], want)
	}
}

// Uint returns a number of variable length.
func (r *Reader) Uint(field string, most uint64) uint64 {
	if r.err != nil {
		return 0
	}
	x, n := binary.Uvarint(r.b)
	switch {
	case n <= 0:
		r.Fail("%s: cut short", field)
		return 0
	case x > most:
		r.tooMuch(field, x, most)
		return 0
	}
	r.b = r.b[n:]
	return x
}

// Uint32 returns a number of variable length, of 32 bits at most.
func (r *Reader) Uint32(field string) uint32 { return uint32(r.Uint(field, math.MaxUint32)) }

func (r *Reader) tooMuch(field string, got, most uint64) {
	r.Fail("%s: got %d, want at most %d", field, got, most)
}

// Fixed32 returns a number of four bytes.
func (r *Reader) Fixed32(field string) uint32 {
	if b := r.Bytes(field, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// Fixed64 returns a number of eight bytes.
func (r *Reader) Fixed64(field string) uint64 {
	if b := r.Bytes(field, 8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// mostAmount bounds amounts: what is more comes from no counting, and sums stay finite.
const mostAmount = 1e30

// Amount returns a float64 that is not below 0, and finite.
func (r *Reader) Amount(field string) float64 {
	x := math.Float64frombits(r.Fixed64(field))
	if !(x >= 0 && x < mostAmount) {
		r.Fail("%s: got %v, want 0 to %g", field, x, mostAmount)
		return 0
	}
	return x
}

// Text returns a text of at most so many bytes.
func (r *Reader) Text(field string, most int) string {
	return string(r.Bytes(field, int(r.Uint(field, uint64(most)))))
}

// Cut lets somebody else read a field from the front, and return the rest.
func (r *Reader) Cut(field string, cut func(b []byte) (rest []byte, err error)) {
	if r.err != nil {
		return
	}
	rest, err := cut(r.b)
	if err != nil {
		r.Fail("%s: %w", field, err)
		return
	}
	r.b = rest
}

// Key returns a key.
func (r *Reader) Key(field string) (key sfaas.Key) {
	r.Cut(field, func(b []byte) (rest []byte, err error) {
		key, rest, err = sfaas.CutKey(b)
		return rest, err
	})
	return key
}
