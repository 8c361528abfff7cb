// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"math"

	"github.com/neuroran/neuroran/sfaas"
)

// Writer appends fields to bytes. It does not check bounds: who writes keeps them.
type Writer struct {
	B []byte // what has been written, behind what was there
}

// Bytes appends bytes as they are.
func (w *Writer) Bytes(b []byte) { w.B = append(w.B, b...) }

// Byte appends one byte.
func (w *Writer) Byte(x byte) { w.B = append(w.B, x) }

// Bool appends a byte that is 1 or 0.
func (w *Writer) Bool(on bool) {
	if on {
		w.Byte(1)
	} else {
		w.Byte(0)
	}
}

// Uint appends a number of variable length.
func (w *Writer) Uint(x uint64) { w.B = binary.AppendUvarint(w.B, x) }

// Fixed32 appends a number of four bytes.
func (w *Writer) Fixed32(x uint32) { w.B = binary.LittleEndian.AppendUint32(w.B, x) }

// Fixed64 appends a number of eight bytes.
func (w *Writer) Fixed64(x uint64) { w.B = binary.LittleEndian.AppendUint64(w.B, x) }

// Amount appends a float64.
func (w *Writer) Amount(x float64) { w.Fixed64(math.Float64bits(x)) }

// Text appends a text.
func (w *Writer) Text(s string) {
	w.Uint(uint64(len(s)))
	w.B = append(w.B, s...)
}

// Key appends a key.
func (w *Writer) Key(k sfaas.Key) { w.B = k.AppendBinary(w.B) }
