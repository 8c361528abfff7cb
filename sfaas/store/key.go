// SPDX-License-Identifier: Apache-2.0

package store

import (
	"encoding/binary"
	"errors"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// All keys of a unit are one range, so that a unit is read, exported and deleted with
// one scan:
//
//	'u' | length and name of the part | levels and 8 bytes each of the root | space | rest
//
//	space 0   rest empty             who owns it       → epoch
//	space 1   rest core, 4 bytes     what is committed → epoch and number, if no row of the ring has it
//	space 2   rest a key of a record                   → value of the record
//
// No prefix of a unit is the prefix of another one, as its parts have known lengths.
// The zero unit, of the node itself, comes first.
const (
	unitSpace   = 'u'
	ownerSpace  = 0
	coreSpace   = 1
	recordSpace = 2
)

var errKey = errors.New("a key that no unit has")

// appendUnit appends the prefix of a unit.
func appendUnit(dst []byte, u sfaas.Unit) []byte { return appendName(append(dst, unitSpace), u) }

// appendName appends what names a unit. Roots have one level, but for those of topics.
func appendName(dst []byte, u sfaas.Unit) []byte {
	dst = append(base.AppendString(dst, u.Part), byte(u.Root.Depth()))
	n := len(dst)
	return u.Root.AppendBinary(dst)[:n+levelBytes*u.Root.Depth()]
}

// cutName reads what appendName wrote and returns the rest.
func cutName(src []byte) (u sfaas.Unit, rest []byte, err error) {
	if u.Part, rest, err = base.CutString(src); err != nil {
		return u, nil, err
	}
	if len(rest) == 0 || rest[0] > base.MaxDepth || len(rest) < 1+levelBytes*int(rest[0]) {
		return u, nil, errKey
	}
	var root [levelBytes * base.MaxDepth]byte
	n := 1 + copy(root[:], rest[1:1+levelBytes*int(rest[0])])
	if u.Root, _, err = base.CutKey(root[:]); err == nil && u.Root.Depth() != int(rest[0]) {
		err = errKey
	}
	return u, rest[n:], err
}

const levelBytes = 8

// cutUnit reads the prefix of a unit, and returns it with its space and the rest.
func cutUnit(key []byte) (u sfaas.Unit, space byte, rest []byte, err error) {
	if len(key) == 0 || key[0] != unitSpace {
		return u, 0, nil, errKey
	}
	if u, rest, err = cutName(key[1:]); err != nil {
		return u, 0, nil, err
	}
	if len(rest) == 0 || rest[0] > recordSpace {
		return u, 0, nil, errKey
	}
	return u, rest[0], rest[1:], nil
}

// appendCore appends the key of what a core has committed.
func appendCore(dst []byte, u sfaas.Unit, core int) []byte {
	dst = append(appendUnit(dst, u), coreSpace)
	return binary.BigEndian.AppendUint32(dst, uint32(core))
}

// appendOwner appends the key of the epoch of a unit.
func appendOwner(dst []byte, u sfaas.Unit) []byte { return append(appendUnit(dst, u), ownerSpace) }

// after returns the least key behind all that begin with the prefix.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// appendMark appends the value of what a core has committed.
func appendMark(dst []byte, epoch uint32, seq uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(epoch)), seq)
}

// cutMark reads what appendMark wrote and returns the rest.
func cutMark(src []byte) (epoch uint32, seq uint64, rest []byte, err error) {
	e, rest, err := base.CutUint64(src)
	if err == nil {
		seq, rest, err = base.CutUint64(rest)
	}
	if err == nil && e > 1<<32-1 {
		err = errKey
	}
	return uint32(e), seq, rest, err
}
