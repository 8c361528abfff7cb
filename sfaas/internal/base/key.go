// SPDX-License-Identifier: Apache-2.0

package base

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// Kind says what one level of a [Key] stands for. The runtime gives the values
// no meaning but a name when a key is printed; the ones below are conventions of
// radio access networks, and a program may use others.
type Kind uint8

// Kinds that programs share: with them a key means the same to a chain, to the planner
// that places it, and to who reads a log.
const (
	KindNone    Kind = iota // no level: the end of a key
	KindCell                // a radio cell, a carrier, a site
	KindGroup               // units treated together, such as UEs that share PRBs
	KindUE                  // a user
	KindProcess             // one of several processes of a user, such as HARQ
	KindBearer              // one of several flows of a user
	KindUser                // first value that is free for programs

	KindBucket Kind = 255 // a bucket of roots; not for programs
)

// MaxDepth is the largest number of levels of a [Key].
const MaxDepth = 3

// maxID is the largest identifier of one level: eight bits hold its kind.
const maxID = 1<<56 - 1

// Groups is the number of groups into which keys fall: a group falls to one
// worker of a runtime.
const Groups = 256

// Key is the second half of an address: what a message is about. It is a path
// of at most [MaxDepth] levels, each a kind and an identifier below 2^56, such
// as cell 7 / UE 17921 / process 3. A Key is a comparable value of 24 bytes;
// the zero Key is the root and the parent of every one-level key.
type Key struct {
	// Three fields and no array: so the compiler keeps a Key in registers. An
	// array it copies in halves that overlap, and a copy of such a copy has to
	// wait for both to reach the cache.
	top, mid, low uint64
}

// levels returns the levels from the top.
func (k Key) levels() [MaxDepth]uint64 { return [MaxDepth]uint64{k.top, k.mid, k.low} }

// NewKey returns the one-level key of the given kind and identifier. Bits of
// id beyond 56 are cut off.
func NewKey(kind Kind, id uint64) Key { return Key{}.Child(kind, id) }

// Child returns the key one level below k. It panics if k has [MaxDepth]
// levels already: the depth of a key is part of a program's design.
func (k Key) Child(kind Kind, id uint64) Key {
	level := uint64(kind)<<56 | id&maxID
	switch k.Depth() {
	case 0:
		k.top = level
	case 1:
		k.mid = level
	case 2:
		k.low = level
	default:
		panic(fmt.Sprintf("sfaas: key %v has %d levels already", k, MaxDepth))
	}
	return k
}

// Depth returns the number of levels.
func (k Key) Depth() int {
	switch {
	case k.top == 0:
		return 0
	case k.mid == 0:
		return 1
	case k.low == 0:
		return 2
	}
	return MaxDepth
}

// Parent returns the key one level up; the root is its own parent.
func (k Key) Parent() Key {
	switch k.Depth() {
	case 3:
		k.low = 0
	case 2:
		k.mid = 0
	default:
		k.top = 0
	}
	return k
}

// Under reports whether k is a proper descendant of p. Every key but the root
// is under the root.
func (k Key) Under(p Key) bool {
	switch p.Depth() {
	case 0:
		return k.top != 0
	case 1:
		return k.mid != 0 && k.top == p.top
	case 2:
		return k.low != 0 && k.top == p.top && k.mid == p.mid
	}
	return false
}

// Compare orders keys level by level.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.top, o.top), cmp.Compare(k.mid, o.mid), cmp.Compare(k.low, o.low))
}

// Root returns the first level.
func (k Key) Root() Key { return Key{top: k.top} }

// Bucket returns the bucket of buckets into which the root of the key falls, as
// a key of [KindBucket]. It is the same on all machines.
func (k Key) Bucket(buckets int) Key {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], k.top)
	return NewKey(KindBucket, xxhash.Sum64(b[:])%uint64(buckets))
}

// ID returns the identifier of the last level with the given kind, and whether
// k has one.
func (k Key) ID(kind Kind) (uint64, bool) {
	for _, level := range [...]uint64{k.low, k.mid, k.top} {
		if Kind(level>>56) == kind && level != 0 {
			return level & maxID, true
		}
	}
	return 0, false
}

// KeyGroup returns xxhash(k) mod [Groups]. It is stable across machines and
// releases.
func (k Key) KeyGroup() uint8 {
	var b [8 * MaxDepth]byte
	binary.LittleEndian.PutUint64(b[:], k.top)
	binary.LittleEndian.PutUint64(b[8:], k.mid)
	binary.LittleEndian.PutUint64(b[16:], k.low)
	return uint8(xxhash.Sum64(b[:]))
}

// AppendBinary appends the fixed-size encoding of k, 24 bytes, to dst.
func (k Key) AppendBinary(dst []byte) []byte {
	for _, l := range k.levels() {
		dst = binary.LittleEndian.AppendUint64(dst, l)
	}
	return dst
}

// String returns a form such as "cell7/ue17921/process3", and "root" for the
// zero Key.
func (k Key) String() string {
	var b strings.Builder
	for i, level := range k.levels() {
		if level == 0 {
			break
		}
		if i > 0 {
			b.WriteByte('/')
		}
		kind, id := Kind(level>>56), level&maxID
		fmt.Fprintf(&b, "%v%d", kind, id)
	}
	if b.Len() == 0 {
		return "root"
	}
	return b.String()
}

// String returns the lower-case name of the kind.
func (k Kind) String() string {
	if k == KindBucket {
		return "bucket"
	}
	names := [...]string{"none", "cell", "group", "ue", "process", "bearer"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind%d-", uint8(k))
}

// CutKey reads what [Key.AppendBinary] wrote and returns the rest.
func CutKey(src []byte) (Key, []byte, error) {
	if len(src) < 8*MaxDepth {
		return Key{}, nil, ErrTruncated
	}
	key := Key{
		top: binary.LittleEndian.Uint64(src),
		mid: binary.LittleEndian.Uint64(src[8:]),
		low: binary.LittleEndian.Uint64(src[16:]),
	}
	if (key.top == 0 && key.mid != 0) || (key.mid == 0 && key.low != 0) {
		return Key{}, nil, ErrInvalid
	}
	return key, src[8*MaxDepth:], nil
}
