// SPDX-License-Identifier: Apache-2.0

package beat

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"

	"github.com/neuroran/neuroran/sfaas"
)

// Beat is a sign of life of one process.
//
//	0      4     6     8             12            20         36
//	| magic | node | 0  | incarnation | count        | code     |
//
// All numbers are little-endian. Code is the first half of HMAC-SHA256 over what is before it,
// under a key that all processes of a deployment share: who does not have it can keep
// nobody alive who is dead.
type Beat struct {
	Node        sfaas.NodeID // who lives
	Incarnation uint32       // in which life: later ones are higher
	Count       uint64       // rises with every beat of a life
}

const (
	magic    = "nrb1"
	bodySize = 20
	codeSize = 16
	// Size is how many bytes a beat has.
	Size = bodySize + codeSize
)

// errBeat says that bytes are no beat, or one of somebody who does not have the key.
var errBeat = errors.New("beat: no beat of this deployment")

// codec writes and reads beats under one key. It is for one goroutine.
type codec struct {
	mac hash.Hash
	sum []byte
}

func newCodec(key []byte) *codec {
	return &codec{mac: hmac.New(sha256.New, key), sum: make([]byte, 0, sha256.Size)}
}

// put writes a beat over dst, which has [Size] bytes.
func (c *codec) put(dst []byte, b Beat) {
	copy(dst, magic)
	binary.LittleEndian.PutUint16(dst[4:], uint16(b.Node))
	binary.LittleEndian.PutUint16(dst[6:], 0)
	binary.LittleEndian.PutUint32(dst[8:], b.Incarnation)
	binary.LittleEndian.PutUint64(dst[12:], b.Count)
	copy(dst[bodySize:Size], c.code(dst[:bodySize]))
}

// get reads a beat. Whatever the bytes are, it returns an error or a beat that somebody
// with the key has written.
func (c *codec) get(src []byte) (Beat, error) {
	if len(src) != Size || string(src[:4]) != magic || src[6] != 0 || src[7] != 0 {
		return Beat{}, errBeat
	}
	if !hmac.Equal(src[bodySize:], c.code(src[:bodySize])) {
		return Beat{}, errBeat
	}
	return Beat{
		Node:        sfaas.NodeID(binary.LittleEndian.Uint16(src[4:])),
		Incarnation: binary.LittleEndian.Uint32(src[8:]),
		Count:       binary.LittleEndian.Uint64(src[12:]),
	}, nil
}

func (c *codec) code(body []byte) []byte {
	c.mac.Reset()
	c.mac.Write(body)
	c.sum = c.mac.Sum(c.sum[:0])
	return c.sum[:codeSize]
}

// after reports whether a beat is newer than another one of the same process: one that
// has been overtaken, or is played again by somebody, says nothing.
func (b Beat) after(o Beat) bool {
	return b.Incarnation > o.Incarnation || (b.Incarnation == o.Incarnation && b.Count > o.Count)
}
