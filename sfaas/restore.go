// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
)

// Restore reads a snapshot into a runtime that has not processed anything yet.
// The number of workers may differ from the one that wrote it, and functions
// may have cells of a newer version. Everything is read, bounded and checked
// before anything is changed; errors wrap ErrSnapshot.
func (r *Runtime) Restore(ctx context.Context, src io.Reader) error {
	if !r.paused.CompareAndSwap(false, true) {
		return fmt.Errorf("sfaas: restore: %w", ErrBusy)
	}
	defer r.paused.Store(false)
	data, err := io.ReadAll(io.LimitReader(src, snapshotLimit))
	if err != nil {
		return fmt.Errorf("sfaas: restore: %w", err)
	}
	s, err := r.parseSnapshot(data)
	if err != nil {
		return err
	}
	for i, w := range r.workers {
		done, open := w.call(func() { w.core.installSnapshot(s, i) })
		if !open {
			return ErrClosed
		}
		<-done
	}
	return ctx.Err()
}

// snapshot is a snapshot that has been read and checked.
type snapshot struct {
	insts   []restored
	sources []restoredSource
}

type restored struct {
	node *node
	key  Key
	inst *instance
}

type restoredSource struct {
	outlet int
	key    Key
	seq    sequence
}

// parseSnapshot reads all records. Functions and sources that the graph does
// not have are an error: their state would be lost.
func (r *Runtime) parseSnapshot(data []byte) (*snapshot, error) {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %w", ErrSnapshot, fmt.Errorf(format, args...))
	}
	if len(data) < 8 || string(data[:6]) != snapshotMagic {
		return nil, bad("no snapshot")
	}
	if data[6] != snapshotVersion || data[7] != 0 {
		return nil, bad("version %d, want %d", data[6], snapshotVersion)
	}
	codec := &Core{app: r.app, set: r.set, now: r.set.clock()}
	s := &snapshot{}
	var n *node
	for at := 8; ; {
		if len(data)-at < 5 {
			return nil, bad("truncated at byte %d", at)
		}
		kind, size := data[at], int(binary.LittleEndian.Uint32(data[at+1:]))
		if size > len(data)-at-5 {
			return nil, bad("truncated at byte %d", at)
		}
		content := data[at+5 : at+5+size : at+5+size]
		switch kind {
		case recordEnd:
			if size != 8 || binary.LittleEndian.Uint64(content) != xxhash.Sum64(data[:at]) {
				return nil, bad("checksum differs")
			}
			if at+5+size != len(data) {
				return nil, bad("data after the end")
			}
			return s, nil
		case recordFunction:
			if n = r.app.byName[string(content)]; n == nil || n.sink {
				return nil, bad("no function %q", content)
			}
		case recordInstance:
			if n == nil {
				return nil, bad("instance without function")
			}
			key, inst, rest, err := codec.cutInstance(content, n)
			if err != nil {
				return nil, err
			}
			if err := cutMarks(rest, inst); err != nil {
				return nil, badSnapshot(n, key, err)
			}
			s.insts = append(s.insts, restored{n, key, inst})
		case recordSource:
			q, err := r.app.cutSource(content)
			if err != nil {
				return nil, bad("source: %w", err)
			}
			s.sources = append(s.sources, q)
		default:
			return nil, bad("record of kind %d", kind)
		}
		at += 5 + size
	}
}

func (a *App) cutSource(src []byte) (restoredSource, error) {
	var q restoredSource
	key, src, err := cutKey(src)
	if err != nil {
		return q, err
	}
	name, src, err := cutString(src)
	if err != nil {
		return q, err
	}
	var f [3]uint64
	for i := range f {
		if f[i], src, err = cutUint64(src); err != nil {
			return q, err
		}
	}
	if len(src) != 0 || f[2] >= 1<<32 {
		return q, errInvalid
	}
	for _, o := range a.outlets {
		if o.name == name && o.source {
			return restoredSource{o.id, key, sequence{id: f[0], slot: Slot(f[1]), seq: uint32(f[2])}}, nil
		}
	}
	return q, fmt.Errorf("no source %q", name)
}

// installSnapshot installs the part of a snapshot that falls to this core.
func (k *Core) installSnapshot(s *snapshot, self int) {
	for _, x := range s.insts {
		if g := x.key.KeyGroup(); k.coreOf(g) == self {
			k.state(x.key, g).insts[x.node.index] = x.inst
		}
	}
	for _, x := range s.sources {
		if g := x.key.KeyGroup(); k.coreOf(g) == self {
			ks := k.state(x.key, g)
			if ks.seqs == nil {
				ks.seqs = make([]sequence, len(k.app.outlets))
			}
			ks.seqs[x.outlet] = x.seq
		}
	}
}

// cutMarks is the inverse of appendMarks; it uses up src.
func cutMarks(src []byte, inst *instance) error {
	var n, x uint64
	var err error
	if inst.sent, src, err = cutUint64(src); err != nil {
		return err
	}
	count, src, err := cutCount(src, 1)
	if err != nil {
		return err
	}
	for i := range count {
		if len(src) == 0 {
			return errTruncated
		}
		ok := src[0] == 1
		src = src[1:]
		if !ok {
			continue
		}
		if x, src, err = cutUint64(src); err != nil {
			return err
		}
		if i < len(inst.applied) {
			inst.applied[i] = mark{Slot(x), true}
		}
	}
	if count, src, err = cutCount(src, 4+8*MaxDepth+2); err != nil {
		return err
	}
	for range count {
		var w watermark
		if len(src) < 4 {
			return errTruncated
		}
		w.edge = EdgeID(binary.LittleEndian.Uint16(src))
		w.node = NodeID(binary.LittleEndian.Uint16(src[2:]))
		if w.source, src, err = cutKey(src[4:]); err != nil {
			return err
		}
		if n, src, err = cutUint64(src); err != nil {
			return err
		}
		if x, src, err = cutUint64(src); err != nil {
			return err
		}
		w.id, w.index = n, x
		inst.seen = append(inst.seen, w)
	}
	if len(src) != 0 {
		return errInvalid
	}
	return nil
}
