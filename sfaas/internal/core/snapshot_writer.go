// SPDX-License-Identifier: Apache-2.0

package core

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// snapshotWriter appends records; the first error sticks.
type snapshotWriter struct {
	out    []byte
	buf    []byte // content of the record being written
	names  *plan.Names
	spread map[spreadID]bool
	err    error
}

// spreadID tells apart the inputs that every core keeps a copy of.
type spreadID struct {
	edge base.EdgeID
	key  base.Key
	slot base.Slot
	seq  uint32
}

// record appends one record with the content of buf.
func (s *snapshotWriter) record(kind byte) {
	if len(s.buf) > math.MaxUint32 && s.err == nil {
		s.err = fmt.Errorf("record of %d bytes", len(s.buf))
	}
	s.out = binary.LittleEndian.AppendUint32(append(s.out, kind), uint32(len(s.buf)))
	s.out = append(s.out, s.buf...)
	s.buf = s.buf[:0]
}

// appendSnapshot appends a snapshot of cores of one graph.
func appendSnapshot(dst []byte, cores []*Core) ([]byte, error) {
	app := cores[0].app
	s := &snapshotWriter{out: append(append(dst, snapshotMagic...), snapshotVersion, 0), names: plan.NamesOf(app), spread: map[spreadID]bool{}}
	s.buf = s.names.Append(s.buf)
	s.record(recordIndex)
	s.writeCounters(cores)
	for _, k := range cores {
		k.writeRoutes(s)
		k.writeInstances(s)
		k.writeSources(s)
		k.writeHalves(s)
		k.writeTimers(s)
	}
	s.buf = binary.LittleEndian.AppendUint64(s.buf, xxhash.Sum64(s.out[len(dst):]))
	s.record(recordEnd)
	return s.out, s.err
}

// writeCounters writes the numbers below which nothing may be given anew.
func (s *snapshotWriter) writeCounters(cores []*Core) {
	var tokens, batches uint64
	for _, k := range cores {
		tokens = max(tokens, k.lane.tokens&tokenCount)
		batches = max(batches, k.nextID)
	}
	s.buf = binary.AppendUvarint(binary.AppendUvarint(s.buf, tokens), batches)
	s.record(recordCounters)
	highest := func(kind byte, i int, of func(k *Core) uint64) {
		n := uint64(0)
		for _, k := range cores {
			n = max(n, of(k))
		}
		if n > 0 {
			s.buf = binary.AppendUvarint(binary.AppendUvarint(append(s.buf, kind), uint64(i)), n)
			s.record(recordNumber)
		}
	}
	for i := range s.names.Outlets {
		highest(0, i, func(k *Core) uint64 { return k.idle.sources[i] })
	}
	for i := range s.names.Nodes {
		highest(1, i, func(k *Core) uint64 { return k.idle.sent[i] })
	}
}

// writeRoutes writes the epochs of the groups that this core owns and that
// have been moved.
func (k *Core) writeRoutes(s *snapshotWriter) {
	for i, o := range k.owned {
		for g := k.self.Core; g < base.Groups; g += k.count {
			if r := &o.routes[g]; r.owner == k.self.Node && r.epoch > 1 {
				s.buf = append(binary.AppendUvarint(s.buf, uint64(i)), byte(g))
				s.buf = binary.AppendUvarint(s.buf, uint64(r.epoch))
				s.record(recordRoute)
			}
		}
	}
}

// writeInstances writes what this core owns, with what waits at it.
func (k *Core) writeInstances(s *snapshotWriter) {
	for _, n := range k.app.Nodes {
		for _, ks := range k.order {
			inst := ks.insts[n.Index]
			if inst == nil || k.owned[n.Index].routes[ks.group].owner != k.self.Node {
				continue
			}
			s.buf = binary.AppendUvarint(s.buf, uint64(n.Index))
			s.buf = k.appendInstance(s.buf, n, ks.key, inst)
			s.buf = appendMarks(s.buf, inst)
			s.record(recordInstance)
			for i := range inst.waiting.len() {
				k.writeWaiting(s, inst.waiting.at(i))
			}
			for _, c := range inst.controls {
				s.buf = binary.AppendUvarint(s.buf, uint64(n.Index))
				s.buf = ks.key.AppendBinary(s.buf)
				k.writeInput(s, c.edge, c.msg)
				s.record(recordControl)
			}
		}
	}
}

func (k *Core) writeSources(s *snapshotWriter) {
	for _, ks := range k.order {
		for id, q := range ks.seqs {
			if q.id > 0 {
				s.buf = ks.key.AppendBinary(binary.AppendUvarint(s.buf, uint64(id)))
				s.buf = binary.AppendUvarint(binary.AppendUvarint(s.buf, q.id), uint64(q.slot))
				s.buf = binary.AppendUvarint(s.buf, uint64(q.seq))
				s.record(recordSource)
			}
		}
	}
}

// appendMarks appends what an instance has processed.
func appendMarks(b []byte, inst *instance) []byte {
	b = binary.AppendUvarint(b, inst.sent)
	b = binary.AppendUvarint(b, uint64(len(inst.applied)))
	for _, m := range inst.applied {
		b = base.AppendFlag(b, m.ok)
		if m.ok {
			b = binary.AppendUvarint(b, uint64(m.slot))
		}
	}
	b = binary.AppendUvarint(b, uint64(len(inst.seen.list)))
	for _, w := range inst.seen.list {
		b = binary.AppendUvarint(b, uint64(w.edge-1))
		b = binary.AppendUvarint(b, uint64(w.node))
		b = w.source.AppendBinary(b)
		b = binary.AppendUvarint(binary.AppendUvarint(b, w.id), w.index)
		b = binary.AppendUvarint(b, uint64(w.epoch))
	}
	return b
}
