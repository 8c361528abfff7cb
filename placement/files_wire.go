// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/placement/internal/wire"
)

// fileMessage is what nodes say to each other about files of their registries:
//
//	A ── want (hash) ──────────────────> all members
//	A <── have (hash, size, entry) ───── B, that has it
//	A ── get (hash, offset, length) ───> B, some at a time
//	A <── piece (hash, offset, bytes) ── B
type fileMessage struct {
	kind   uint8
	sum    fileSum
	offset uint64 // of get and piece
	length uint64 // of get: bytes wanted; of have: bytes of the file
	data   []byte // of piece: the bytes; of have: the entry, as JSON
}

// fileSum is the SHA-256 of a file.
type fileSum [sha256.Size]byte

// Kinds of messages.
const (
	fileWant = iota
	fileHave
	fileGet
	filePiece
	numFileKinds
)

// Bounds of messages and files.
const (
	fileVersion  = 1
	maxPiece     = 32 << 10
	maxEntry     = 32 << 10  // of an entry as JSON
	maxFileBytes = 256 << 20 // of a file
)

var errFile = errors.New("placement: not a message about a file")

// append appends the bytes of a message.
func (m *fileMessage) append(b []byte) []byte {
	w := wire.Writer{B: b}
	w.Byte(fileVersion)
	w.Byte(m.kind)
	w.Bytes(m.sum[:])
	w.Uint(m.offset)
	w.Uint(m.length)
	w.Bytes(m.data)
	return w.B
}

// parseFile reads a message; its data lie in b. Whatever the bytes are, it returns one or an
// error.
func parseFile(b []byte) (m fileMessage, err error) {
	r := wire.Read(b, errFile)
	r.Version(fileVersion)
	m.kind = r.Byte("kind", numFileKinds-1)
	copy(m.sum[:], r.Bytes("hash", len(m.sum)))
	m.offset, m.length = r.Uint("offset", maxFileBytes), r.Uint("length", maxFileBytes)
	most := 0
	switch m.kind {
	case fileHave:
		most = maxEntry
	case filePiece:
		most = maxPiece
	}
	if m.data = r.Rest(); len(m.data) > most {
		r.Fail("data: got %d bytes, want at most %d", len(m.data), most)
	}
	return m, r.Err()
}

// fileEntry is an [accel.Entry] on its way: all but where the file lies.
type fileEntry struct {
	Name       string
	Version    string
	SHA256     string
	Signature  accel.Signature
	Provenance accel.Provenance
	Proof      []byte
}

func entryJSON(e *accel.Entry) ([]byte, error) {
	b, err := json.Marshal(fileEntry{e.Name, e.Version, e.SHA256, e.Signature, e.Provenance, e.Proof})
	if err == nil && len(b) > maxEntry {
		err = fmt.Errorf("placement: the entry of %s@%s has %d bytes, at most %d", e.Name, e.Version, len(b), maxEntry)
	}
	return b, err
}

// parseEntry reads an entry, which says that it is of a file of a hash.
func parseEntry(b []byte, sum fileSum) (accel.Entry, error) {
	var e fileEntry
	if err := json.Unmarshal(b, &e); err != nil {
		return accel.Entry{}, fmt.Errorf("%w: %w", errFile, err)
	}
	if e.Name == "" || e.Version == "" || e.SHA256 != sum.String() {
		return accel.Entry{}, fmt.Errorf("%w: the entry is of another file", errFile)
	}
	return accel.Entry{Name: e.Name, Version: e.Version, SHA256: e.SHA256, Signature: e.Signature, Provenance: e.Provenance, Proof: e.Proof}, nil
}

// String returns the hash in hex.
func (s fileSum) String() string { return fmt.Sprintf("%x", s[:]) }
