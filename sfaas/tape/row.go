// SPDX-License-Identifier: Apache-2.0

package tape

import (
	"encoding/binary"

	"github.com/neuroran/neuroran/sfaas"
)

// row is a message in a file.
type row[M any] struct {
	Kind    [sfaas.MaxDepth]sfaas.Kind // of the levels of the key, from the top; 0 for none
	ID      [sfaas.MaxDepth]uint64     // the same, such as a number of a cell, an RNTI, a HARQ process
	Slot    sfaas.Slot
	Message M
}

// setKey notes a key level by level.
func (r *row[M]) setKey(k sfaas.Key) {
	var b [8 * sfaas.MaxDepth]byte
	k.AppendBinary(b[:0])
	for i := range r.ID {
		level := binary.LittleEndian.Uint64(b[8*i:])
		r.Kind[i], r.ID[i] = sfaas.Kind(level>>56), level&(1<<56-1)
	}
}

// key returns the key that was noted.
func (r *row[M]) key() sfaas.Key {
	var k sfaas.Key
	for i, kind := range r.Kind {
		if kind == sfaas.KindNone {
			break
		}
		k = k.Child(kind, r.ID[i])
	}
	return k
}
