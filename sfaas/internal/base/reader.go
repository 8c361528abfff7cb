// SPDX-License-Identifier: Apache-2.0

package base

import (
	"encoding/binary"
	"math"
)

// Reader reads values from bytes that somebody else may have written. The first
// error sticks, and every later read returns zero; so a caller may read a whole
// record and look at the error once. It is for one goroutine.
type Reader struct {
	Src []byte // what has not been read
	Err error  // first error
}

// Fail notes an error, unless there has been one.
func (r *Reader) Fail(err error) {
	if r.Err == nil {
		r.Err, r.Src = err, nil
	}
}

// Uint reads a number of variable length.
func (r *Reader) Uint() uint64 {
	x, n := binary.Uvarint(r.Src)
	if n <= 0 {
		r.Fail(ErrTruncated)
		return 0
	}
	r.Src = r.Src[n:]
	return x
}

// Int reads a signed number of variable length.
func (r *Reader) Int() int64 {
	x, n := binary.Varint(r.Src)
	if n <= 0 {
		r.Fail(ErrTruncated)
		return 0
	}
	r.Src = r.Src[n:]
	return x
}

// Limited is [Reader.Uint] for a number that may be at most limit.
func (r *Reader) Limited(limit uint64) uint64 {
	x := r.Uint()
	if x > limit {
		r.Fail(ErrInvalid)
		return 0
	}
	return x
}

// Uint32 reads a number of variable length and at most 32 bits.
func (r *Reader) Uint32() uint32 { return uint32(r.Limited(math.MaxUint32)) }

// Uint16 reads a number of variable length and at most 16 bits.
func (r *Reader) Uint16() uint16 { return uint16(r.Limited(math.MaxUint16)) }

// Count reads a number of items that take at least size bytes each.
func (r *Reader) Count(size int) int {
	n, rest, err := CutCount(r.Src, size)
	if err != nil {
		r.Fail(err)
		return 0
	}
	r.Src = rest
	return n
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if len(r.Src) == 0 {
		r.Fail(ErrTruncated)
		return 0
	}
	x := r.Src[0]
	r.Src = r.Src[1:]
	return x
}

// Bool reads a flag: 0 or 1.
func (r *Reader) Bool() bool {
	x := r.Byte()
	if x > 1 {
		r.Fail(ErrInvalid)
	}
	return x == 1
}

func (r *Reader) bytes() []byte { return r.Take(r.Count(1)) }

// Take reads n bytes without a length before them.
func (r *Reader) Take(n int) []byte {
	if n < 0 || n > len(r.Src) {
		r.Fail(ErrTruncated)
		return nil
	}
	b := r.Src[:n:n]
	r.Src = r.Src[n:]
	return b
}

// Text reads a length and the bytes of a string.
func (r *Reader) Text() string { return string(r.bytes()) }

// Digest reads a digest, eight bytes.
func (r *Reader) Digest() Digest {
	b := r.Take(8)
	if len(b) < 8 {
		return 0
	}
	return Digest(binary.LittleEndian.Uint64(b))
}

// Key reads a key, 24 bytes.
func (r *Reader) Key() Key {
	k, rest, err := CutKey(r.Src)
	if err != nil {
		r.Fail(err)
		return Key{}
	}
	r.Src = rest
	return k
}

// Moment reads a moment that was written relative to another one, so that it
// keeps its meaning on another clock.
func (r *Reader) Moment(now Time) Time {
	if !r.Bool() {
		return Never
	}
	d := r.Int()
	if r.Err != nil {
		return Never
	}
	if t := now + Time(d); (d > 0) == (t > now) || d == 0 {
		return t
	}
	r.Fail(ErrInvalid) // beyond the range of the clock
	return Never
}

// End checks that everything has been read and returns the first error.
func (r *Reader) End() error {
	if r.Err == nil && len(r.Src) != 0 {
		return ErrInvalid
	}
	return r.Err
}
