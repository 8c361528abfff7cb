// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
)

// A snapshot is
//
//	magic "NRSNAP" | version, one byte | 0
//	records: kind, one byte | length, uint32 | content
//	end: kind 0 | length 8 | xxhash of everything before this record
//
// A record of kind 1 names a function, one of kind 2 is an instance of the
// function named last, one of kind 3 numbers the messages of a source and key.
// All numbers are little-endian.
const (
	snapshotMagic   = "NRSNAP"
	snapshotVersion = 1
	snapshotLimit   = 1 << 34 // largest snapshot that is read, in bytes

	recordEnd      = 0
	recordFunction = 1
	recordInstance = 2
	recordSource   = 3
)

// Snapshot writes the state of all instances that the runtime owns: cells,
// watermarks, and the numbers of the sources. It is consistent: sources are
// refused with [ErrBusy] meanwhile, and it waits until what has been pushed is
// processed and committed. Messages that wait for a grant, for a partner or
// for their time are not part of it.
//
// Snapshot refuses graphs with Sealed cells unless [WithSealer] was given: the
// random key of a process could not open them again.
func (r *Runtime) Snapshot(ctx context.Context, w io.Writer) error {
	if r.set.ownSealer && r.app.sealed() {
		return errors.New("sfaas: snapshot: sealed cells need WithSealer")
	}
	if !r.paused.CompareAndSwap(false, true) {
		return fmt.Errorf("sfaas: snapshot: %w", ErrBusy)
	}
	defer r.paused.Store(false)
	if err := r.Drain(ctx); err != nil {
		return fmt.Errorf("sfaas: snapshot: %w", err)
	}
	out := &snapshotWriter{w: w, hash: xxhash.New()}
	out.write(append([]byte(snapshotMagic), snapshotVersion, 0))
	for _, k := range r.workers {
		done, open := k.call(func() { k.core.now = r.set.clock(); k.core.writeSnapshot(out) })
		if !open {
			return ErrClosed
		}
		select {
		case <-done:
		case <-ctx.Done():
			<-done // the worker still writes
			return ctx.Err()
		}
	}
	sum := binary.LittleEndian.AppendUint64(nil, out.hash.Sum64())
	out.record(recordEnd, sum)
	if out.err != nil {
		return fmt.Errorf("sfaas: snapshot: %w", out.err)
	}
	return nil
}

// sealed reports whether the app has Sealed cells.
func (a *App) sealed() bool {
	for _, n := range a.nodes {
		for _, c := range n.fn.cells {
			if c.class == Sealed {
				return true
			}
		}
	}
	return false
}

// snapshotWriter writes records and hashes them; the first error sticks.
type snapshotWriter struct {
	w    io.Writer
	hash *xxhash.Digest
	buf  []byte
	err  error
}

func (s *snapshotWriter) write(b []byte) {
	if s.err == nil {
		_, _ = s.hash.Write(b)
		_, s.err = s.w.Write(b)
	}
}

func (s *snapshotWriter) record(kind byte, content []byte) {
	head := binary.LittleEndian.AppendUint32([]byte{kind}, uint32(len(content)))
	s.write(head)
	s.write(content)
}

// writeSnapshot writes what this core owns.
func (k *Core) writeSnapshot(s *snapshotWriter) {
	for _, n := range k.app.nodes {
		if n.sink {
			continue
		}
		s.record(recordFunction, []byte(n.fn.name))
		for _, ks := range k.order {
			if inst := ks.insts[n.index]; inst != nil && k.owned[n.index].routes[ks.group].owner == k.self.Node {
				s.buf = k.appendInstance(s.buf[:0], n, ks.key, inst)
				s.buf = appendMarks(s.buf, inst)
				s.record(recordInstance, s.buf)
			}
		}
	}
	for _, ks := range k.order {
		for id, q := range ks.seqs {
			if q.id > 0 {
				b := appendString(ks.key.AppendBinary(nil), k.app.outlets[id].name)
				b = binary.AppendUvarint(binary.AppendUvarint(b, q.id), uint64(q.slot))
				s.record(recordSource, binary.AppendUvarint(b, uint64(q.seq)))
			}
		}
	}
}

// appendMarks appends what an instance has processed.
func appendMarks(b []byte, inst *instance) []byte {
	b = binary.AppendUvarint(b, inst.sent)
	b = binary.AppendUvarint(b, uint64(len(inst.applied)))
	for _, m := range inst.applied {
		if !m.ok {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(append(b, 1), uint64(m.slot))
	}
	b = binary.AppendUvarint(b, uint64(len(inst.seen)))
	for _, w := range inst.seen {
		b = binary.LittleEndian.AppendUint16(b, uint16(w.edge))
		b = binary.LittleEndian.AppendUint16(b, uint16(w.node))
		b = w.source.AppendBinary(b)
		b = binary.AppendUvarint(binary.AppendUvarint(b, w.id), w.index)
	}
	return b
}
