// SPDX-License-Identifier: Apache-2.0

package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/bits"
	"strconv"
	"strings"
)

// The log behind its last claim: what was written after that claim, or whose claims
// were lost with the operating system, which is at most the last 50 ms before a crash.
// There a record may be torn, and a torn one looks like one that was damaged. Two
// things tell them apart:
//
//   - Groups are written one after the other: the next one begins when the former is
//     synced. So if another record begins behind a bad one, the bad one was synced.
//   - A torn record lacks whole sectors. One that would be good if a single bit were
//     another one is not torn.
//
// Anything else at the end of a log is taken as torn, as Pebble does.
//
// The log is Pebble's: blocks of 32 KiB, filled with chunks, none of which straddles
// two blocks. A chunk is
//
//	CRC of the rest, 4 | length of the data, 2 | type, 1 | number of the log, 4 | synced before, 8 | data
const (
	logBlock  = 32 << 10
	chunkHead = 19

	chunkFull  = 9 // a whole record; then come the first chunk of one, others, and its last
	chunkFirst = 10
	chunkLast  = 12
)

// checkTail checks what stands in a log behind the bytes of a claim.
func checkTail(name string, log []byte, claimed int64) error {
	number, err := strconv.ParseUint(strings.TrimSuffix(name, ".log"), 10, 64)
	if err != nil {
		return nil // not a log of Pebble's
	}
	t := tail{log: log, number: uint32(number)}
	at := int(claimed)
	for {
		at = blockOf(at)
		n, ok := t.chunk(at)
		if !ok {
			break
		}
		at += n
	}
	switch {
	case t.almost(at):
		return &DamagedError{name, fmt.Errorf("a bit of the record at byte %d has changed", at)}
	case t.begins(at):
		return &DamagedError{name, fmt.Errorf("the record at byte %d has changed", at)}
	}
	return nil
}

// blockOf returns where the next chunk is from a position on: a block's rest without
// room for a chunk is empty.
func blockOf(at int) int {
	if rest := logBlock - at%logBlock; rest < chunkHead {
		return at + rest
	}
	return at
}

// tail is a log whose chunks are looked at.
type tail struct {
	log    []byte
	number uint32
}

// head returns the bytes of the chunk at a position if it has the given length of
// data, or nil if there is no room for it.
func (t *tail) bytes(at, length int) []byte {
	end := at + chunkHead + length
	if end > len(t.log) || end > at-at%logBlock+logBlock {
		return nil
	}
	return t.log[at:end]
}

// chunk returns the length of the good chunk at a position.
func (t *tail) chunk(at int) (int, bool) {
	head := t.bytes(at, 0)
	if head == nil {
		return 0, false
	}
	c := t.bytes(at, int(binary.LittleEndian.Uint16(head[4:])))
	return len(c), c != nil && t.ours(c) && syndrome(c) == 0
}

// ours reports whether a chunk has a type and the number of this log. What stands in a
// log that was used before has another one.
func (t *tail) ours(c []byte) bool {
	return c[6] >= chunkFull && c[6] <= chunkLast && binary.LittleEndian.Uint32(c[7:]) == t.number
}

// begins reports whether a record begins behind a position.
func (t *tail) begins(at int) bool {
	for at++; at+chunkHead <= len(t.log); at++ {
		c := t.log[at:]
		if (c[6] == chunkFull || c[6] == chunkFirst) && binary.LittleEndian.Uint32(c[7:]) == t.number {
			if _, ok := t.chunk(at); ok {
				return true
			}
		}
	}
	return false
}

// almost reports whether there would be a good chunk at a position if one bit were
// another one.
func (t *tail) almost(at int) bool {
	head := t.bytes(at, 0)
	if head == nil {
		return false
	}
	length := int(binary.LittleEndian.Uint16(head[4:]))
	for bit := range 16 {
		if c := t.bytes(at, length^1<<bit); c != nil && t.ours(c) && syndrome(c) == 0 {
			return true
		}
	}
	c := t.bytes(at, length)
	if c == nil {
		return false
	}
	s := syndrome(c)
	if bits.OnesCount32(stored(c)^cooked(sum(c))) == 1 {
		return t.ours(c)
	}
	where, bit, found := flipped(s, len(c)-6)
	if !found {
		return false
	}
	mended := append([]byte(nil), c[:chunkHead]...)
	if where += 6; where < chunkHead {
		mended[where] ^= 1 << bit
	}
	return t.ours(mended)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum returns the CRC of a chunk, stored the one that stands in it, in the form in
// which it stands there, and cooked and raw go from one to the other.
func sum(c []byte) uint32    { return crc32.Checksum(c[6:], castagnoli) }
func stored(c []byte) uint32 { return binary.LittleEndian.Uint32(c) }
func cooked(s uint32) uint32 { return bits.RotateLeft32(s, 17) + 0xa282ead8 }
func raw(s uint32) uint32    { return bits.RotateLeft32(s-0xa282ead8, -17) }

// syndrome returns by what the CRC of a chunk differs from the one it ought to have.
// It depends on the bits that have changed alone, not on the others.
func syndrome(c []byte) uint32 { return sum(c) ^ raw(stored(c)) }

// flipped returns the one bit of n bytes whose change has a syndrome: each bit of the
// last byte has its entry of the table, and one byte earlier is one step of the CRC
// over a zero later.
func flipped(s uint32, n int) (where, bit int, found bool) {
	if s == 0 {
		return 0, 0, false
	}
	for bit := range 8 {
		d := castagnoli[1<<bit]
		for where := n - 1; where >= 0; where-- {
			if d == s {
				return where, bit, true
			}
			d = castagnoli[byte(d)] ^ d>>8
		}
	}
	return 0, 0, false
}
