// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"encoding/binary"
	"math"
)

// wireReader reads what snapshots are made of. The first error sticks, and
// every later read returns zero.
type wireReader struct {
	src []byte
	err error
}

func (r *wireReader) fail(err error) {
	if r.err == nil {
		r.err, r.src = err, nil
	}
}

// uint reads a number of variable length.
func (r *wireReader) uint() uint64 {
	x, n := binary.Uvarint(r.src)
	if n <= 0 {
		r.fail(errTruncated)
		return 0
	}
	r.src = r.src[n:]
	return x
}

// limited is uint for a number that may be at most limit.
func (r *wireReader) limited(limit uint64) uint64 {
	x := r.uint()
	if x > limit {
		r.fail(errInvalid)
		return 0
	}
	return x
}

func (r *wireReader) uint32() uint32 { return uint32(r.limited(math.MaxUint32)) }
func (r *wireReader) uint16() uint16 { return uint16(r.limited(math.MaxUint16)) }

// count reads a number of items that take at least size bytes each.
func (r *wireReader) count(size int) int {
	n, rest, err := cutCount(r.src, size)
	if err != nil {
		r.fail(err)
		return 0
	}
	r.src = rest
	return n
}

func (r *wireReader) byte() byte {
	if len(r.src) == 0 {
		r.fail(errTruncated)
		return 0
	}
	x := r.src[0]
	r.src = r.src[1:]
	return x
}

func (r *wireReader) bool() bool {
	x := r.byte()
	if x > 1 {
		r.fail(errInvalid)
	}
	return x == 1
}

func (r *wireReader) bytes() []byte { return r.take(r.count(1)) }

// take reads n bytes without a length before them.
func (r *wireReader) take(n int) []byte {
	if n < 0 || n > len(r.src) {
		r.fail(errTruncated)
		return nil
	}
	b := r.src[:n:n]
	r.src = r.src[n:]
	return b
}

func (r *wireReader) string() string { return string(r.bytes()) }

func (r *wireReader) digest() Digest {
	b := r.take(8)
	if len(b) < 8 {
		return 0
	}
	return Digest(binary.LittleEndian.Uint64(b))
}

func (r *wireReader) key() Key {
	k, rest, err := cutKey(r.src)
	if err != nil {
		r.fail(err)
		return Key{}
	}
	r.src = rest
	return k
}

// moment reads a moment that was written relative to another one, so that it
// keeps its meaning on another clock.
func (r *wireReader) moment(now Time) Time {
	if !r.bool() {
		return Never
	}
	d, n := binary.Varint(r.src)
	if n <= 0 {
		r.fail(errTruncated)
		return Never
	}
	r.src = r.src[n:]
	if t := now + Time(d); (d > 0) == (t > now) || d == 0 {
		return t
	}
	r.fail(errInvalid) // beyond the range of the clock
	return Never
}

// end checks that everything has been read and returns the first error.
func (r *wireReader) end() error {
	if r.err == nil && len(r.src) != 0 {
		return errInvalid
	}
	return r.err
}

// appendMoment is the inverse of moment.
func appendMoment(dst []byte, t, now Time) []byte {
	if t == Never {
		return append(dst, 0)
	}
	return binary.AppendVarint(append(dst, 1), int64(t-now))
}

func appendFlag(dst []byte, on bool) []byte {
	if on {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func appendDigest(dst []byte, d Digest) []byte {
	return binary.LittleEndian.AppendUint64(dst, uint64(d))
}
