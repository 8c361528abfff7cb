// SPDX-License-Identifier: Apache-2.0

package base

import (
	"encoding/binary"
	"errors"
)

// The two ways in which bytes can be wrong. Whoever reads for a caller wraps
// them with the place.
var (
	// ErrTruncated says that there are fewer bytes than their content asks for.
	ErrTruncated = errors.New("truncated value")
	// ErrInvalid says that bytes have a value that is never written.
	ErrInvalid = errors.New("invalid value")
)

// AppendFlag appends a flag, one byte.
func AppendFlag(dst []byte, on bool) []byte {
	if on {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// AppendString appends a length and the bytes of s.
func AppendString(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// AppendDigest appends a digest, eight bytes.
func AppendDigest(dst []byte, d Digest) []byte {
	return binary.LittleEndian.AppendUint64(dst, uint64(d))
}

// AppendMoment appends a moment relative to now, so that it keeps its meaning
// on another clock; [Reader.Moment] is the inverse.
func AppendMoment(dst []byte, t, now Time) []byte {
	if t == Never {
		return append(dst, 0)
	}
	return binary.AppendVarint(append(dst, 1), int64(t-now))
}

// CutCount reads a count of items that take at least size bytes each.
func CutCount(src []byte, size int) (int, []byte, error) {
	n, k := binary.Uvarint(src)
	if k <= 0 {
		return 0, nil, ErrTruncated
	}
	src = src[k:]
	if n > uint64(len(src)/size) {
		return 0, nil, ErrTruncated
	}
	return int(n), src, nil
}

// CutString reads what [AppendString] wrote and returns the rest.
func CutString(src []byte) (string, []byte, error) {
	n, src, err := CutCount(src, 1)
	if err != nil {
		return "", nil, err
	}
	return string(src[:n]), src[n:], nil
}

// CutUint64 reads a number of variable length and returns the rest.
func CutUint64(src []byte) (uint64, []byte, error) {
	x, n := binary.Uvarint(src)
	if n <= 0 {
		return 0, nil, ErrTruncated
	}
	return x, src[n:], nil
}
