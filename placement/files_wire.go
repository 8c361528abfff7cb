// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/accel"
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
	b = append(b, fileVersion, m.kind)
	b = append(b, m.sum[:]...)
	b = binary.AppendUvarint(b, m.offset)
	b = binary.AppendUvarint(b, m.length)
	return append(b, m.data...)
}

// parseFile reads a message; its data lie in b. Whatever the bytes are, it returns one or an
// error.
func parseFile(b []byte) (m fileMessage, err error) {
	const head = 2 + sha256.Size
	if len(b) < head || b[0] != fileVersion || b[1] >= numFileKinds {
		return m, fmt.Errorf("%w: version, kind or hash", errFile)
	}
	m.kind = b[1]
	copy(m.sum[:], b[2:])
	b = b[head:]
	for _, x := range []*uint64{&m.offset, &m.length} {
		n := 0
		if *x, n = binary.Uvarint(b); n <= 0 || *x > maxFileBytes {
			return m, fmt.Errorf("%w: offset or length", errFile)
		}
		b = b[n:]
	}
	most := 0
	switch m.kind {
	case fileHave:
		most = maxEntry
	case filePiece:
		most = maxPiece
	}
	if len(b) > most {
		return m, fmt.Errorf("%w: %d bytes behind it", errFile, len(b))
	}
	m.data = b
	return m, nil
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
