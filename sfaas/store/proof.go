// SPDX-License-Identifier: Apache-2.0

package store

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A proof says what is known to be on the disk: of every file that Pebble takes on
// trust at its end, the log and the manifest above all, how many bytes have been
// synced and what their sum is. Such a file may end in the middle of a record, when
// the process was killed; so Pebble cannot tell a record that was never acknowledged
// from one whose bytes have changed since, and drops both. The proof can: what it
// claims must be there.
//
// How a claim comes about, and why it always holds:
//
//  1. Pebble syncs a file. When that is done, and the folder that has its name was
//     synced too, the claim is written to the proof, and only then does Pebble learn
//     of the sync. So whoever was acknowledged is covered by a claim.
//  2. The proof itself is synced a little later, or before any file of a claim is
//     removed, renamed or written anew. A kill of the process loses no claim; a
//     crash of the operating system may lose those of the last 50 ms, and leaves
//     earlier ones, which are about shorter beginnings of the same files.
//  3. At the next start every claim is checked before Pebble opens anything.
//
// The file is a sequence of slots that are never written twice. Slots do not straddle
// sectors: after a crash a slot is whole, or all zero. One that is neither has been
// damaged.
//
//	sum of the rest, 8 | kind, 1 | length of the name, 1 | size, 8 | sum of the file, 8 | name
const (
	proofName  = "PROOF"
	proofTemp  = "PROOF.new"
	slotBytes  = 128
	slotHead   = 26
	slotsLimit = 4096 // after which the file is written anew
)

// Kinds of slots.
const (
	slotFormat = 1 + iota // the first one; its size is the version of the format
	slotHolds             // the file holds this
	slotGone              // nothing is claimed of the file any more
)

const proofFormat = 1

// claim says what is on the disk of one file.
type claim struct {
	size int64
	sum  uint64
}

// proof is the open file of claims. Its methods may be called by any goroutine. An
// error may be temporary: the call may be made again.
type proof struct {
	fs  vfs.FS
	dir string

	mu     sync.Mutex
	file   vfs.File
	claims map[string]claim
	slots  int
	out    []byte // not yet written
	dirty  bool   // written and not synced
}

// newProof writes the claims to a fresh file, which takes the place of the former one.
func newProof(fs vfs.FS, dir string, claims map[string]claim) (*proof, error) {
	p := &proof{fs: fs, dir: dir, claims: claims}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p, p.renew()
}

// renew puts a file with nothing but the claims in the place of the present one.
func (p *proof) renew() error {
	f, err := p.fs.Create(p.fs.PathJoin(p.dir, proofTemp), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	out := appendSlot(nil, slotFormat, "", claim{size: proofFormat})
	names := make([]string, 0, len(p.claims))
	for name := range p.claims {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		out = appendSlot(out, slotHolds, name, p.claims[name])
	}
	_, err = f.Write(out)
	if err == nil {
		err = syncFile(f)
	}
	if err == nil {
		err = p.fs.Rename(p.fs.PathJoin(p.dir, proofTemp), p.fs.PathJoin(p.dir, proofName))
	}
	if err == nil {
		err = syncDir(p.fs, p.dir)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if p.file != nil {
		err = p.file.Close()
	}
	p.file, p.slots, p.out, p.dirty = f, len(out)/slotBytes, nil, false
	return err
}

// hold claims that a file has been synced. The claim is the operating system's when
// hold returns.
func (p *proof) hold(name string, c claim) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.claims[name] != c || len(p.out) > 0 {
		if p.claims[name] != c {
			p.claims[name] = c
			p.out = appendSlot(p.out, slotHolds, name, c)
		}
		return p.write()
	}
	return nil
}

// drop claims nothing of a file any more, and says so on the disk before it returns.
func (p *proof) drop(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, claimed := p.claims[name]; claimed {
		delete(p.claims, name)
		p.out = appendSlot(p.out, slotGone, name, claim{})
	} else if len(p.out) == 0 {
		return nil
	}
	if err := p.write(); err != nil {
		return err
	}
	return p.syncLocked()
}

// sync syncs what was claimed since the last time.
func (p *proof) sync() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.syncLocked()
}

func (p *proof) syncLocked() error {
	if !p.dirty {
		return nil
	}
	if err := p.file.SyncData(); err != nil {
		return syncError{err}
	}
	p.dirty = false
	return nil
}

// write writes what is to be written; what could not be is kept for the next call.
func (p *proof) write() error {
	n, err := p.file.Write(slices.Clone(p.out)) // which it may change
	p.slots += n / slotBytes
	p.out, p.dirty = p.out[n:], true
	if err == nil && n > 0 && len(p.out) == 0 && p.slots > slotsLimit+len(p.claims) {
		err = p.renew()
	}
	return err
}

// close closes the file.
func (p *proof) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.file.Close()
}

// syncError is what a sync has failed with. It must not be tried again: the operating
// system may have given up what it could not write.
type syncError struct{ error }

// Unwrap returns what the operating system has said.
func (e syncError) Unwrap() error { return e.error }

func appendSlot(dst []byte, kind byte, name string, c claim) []byte {
	if len(name) > slotBytes-slotHead {
		panic("store: a name longer than any of Pebble's: " + name)
	}
	n := len(dst)
	dst = append(dst, make([]byte, slotBytes)...)
	slot := dst[n:]
	slot[8], slot[9] = kind, byte(len(name))
	binary.LittleEndian.PutUint64(slot[10:], uint64(c.size))
	binary.LittleEndian.PutUint64(slot[18:], c.sum)
	copy(slot[slotHead:], name)
	binary.LittleEndian.PutUint64(slot, xxhash.Sum64(slot[8:]))
	return dst
}

var (
	errSlot   = errors.New("a slot has changed")
	errFormat = errors.New("a format that is not known")
)

// readClaims reads the bytes of a proof. It accepts what a crash leaves, and nothing
// else.
func readClaims(data []byte) (map[string]claim, error) {
	claims := map[string]claim{}
	for n := 0; n == 0 || len(data) > 0; n++ {
		slot := data[:min(slotBytes, len(data))]
		data = data[len(slot):]
		kind, name, c, err := readSlot(slot)
		switch {
		case err == io.EOF && n > 0:
			continue
		case err != nil:
			return nil, err
		case (n == 0) != (kind == slotFormat):
			return nil, errFormat
		case kind == slotFormat && c.size != proofFormat:
			return nil, errFormat
		case kind == slotHolds:
			claims[name] = c
		case kind == slotGone:
			delete(claims, name)
		}
	}
	return claims, nil
}

// readSlot reads one slot; io.EOF stands for one that was never written.
func readSlot(slot []byte) (kind byte, name string, c claim, err error) {
	empty := true
	for _, b := range slot {
		empty = empty && b == 0
	}
	if empty || len(slot) < slotBytes {
		return 0, "", c, io.EOF
	}
	kind, n := slot[8], int(slot[9])
	c.size, c.sum = int64(binary.LittleEndian.Uint64(slot[10:])), binary.LittleEndian.Uint64(slot[18:])
	if binary.LittleEndian.Uint64(slot) != xxhash.Sum64(slot[8:]) || kind == 0 || kind > slotGone || n > slotBytes-slotHead || c.size < 0 {
		return 0, "", c, errSlot
	}
	return kind, string(slot[slotHead : slotHead+n]), c, nil
}

// syncDir makes names in a folder durable.
func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(syncFile(d), d.Close())
}

func syncFile(f vfs.File) error {
	if err := f.Sync(); err != nil {
		return syncError{err}
	}
	return nil
}
