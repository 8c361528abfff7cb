// SPDX-License-Identifier: Apache-2.0

package state

import (
	"io"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// State in bytes, a snapshot or one unit that moves, is
//
//	magic "NRSNAP" | version, one byte | 0
//	records: kind, one byte | length, uint32 | content
//	end: kind 0 | length 8 | xxhash of everything before this record
//
// The first record, the index, names all functions, edges and outlets of the
// graph, and the moment of the cut; later ones refer to the names by number. So
// state outlives a graph in which functions and edges have been added or have
// changed their places. A unit begins with a record of its name; what follows
// belongs to it, up to the next unit. Fixed-size numbers are little-endian, others
// of variable length. Moments are relative to the cut, but for those of the program
// in cells and messages: who reads them moves them from the clock of the cut to its
// own.
const (
	magic   = "NRSNAP"
	version = 3
	limit   = 1 << 34 // largest snapshot that is read, in bytes

	recordEnd      = 0
	recordIndex    = 1
	recordCounters = 2 // tokens, batches
	recordUnit     = 3 // name, epoch and fence of a unit

	// of a unit
	recordInstance = 4
	recordWaiting  = 5  // data that waits for its grant
	recordControl  = 6  // control that waits for data of its slot
	recordSetting  = 7  // the last setting of a port
	recordHalf     = 8  // inputs that wait for a partner to join
	recordSpread   = 9  // the same, of an input that goes to every key below its own
	recordDelayed  = 10 // a message that waits for its time
	recordCall     = 11 // a call without a reply
	recordLine     = 12 // a message that waits in a line
	recordKept     = 13 // a message that another unit has not acknowledged
	recordPushed   = 14 // one that a source has pushed for the unit, at another runtime

	recordSource = 15 // numbers of the messages of one source and key
	recordNumber = 16 // the highest number of keys that have been forgotten
)

// AppendSnapshot appends what cores hold at a moment. They are all the cores of
// one runtime, or of several that are linked; each is [core.Core.Still], nothing is
// on its way between them, and none steps meanwhile.
func AppendSnapshot(dst []byte, now base.Time, cores []*core.Core) ([]byte, error) {
	w := newWriter(dst, cores[0].App(), cores[0].Sealer(), now)
	w.writeNumbers(core.NumbersOf(cores))
	for _, k := range cores {
		for s := range k.Sources() {
			w.writeSource(s)
		}
		for img := range k.Shares() {
			w.writeImage(img)
		}
	}
	return w.end(len(dst))
}

// Restore reads a snapshot into cores to which nothing has happened yet. It calls do
// with what each core wants to be done; a core that is [core.Core.Ready] afterwards
// goes on with an EventRun. After an error the cores are as they were.
//
// Steps: read everything, check everything, build images, and only then install them.
// Memory is the snapshot's bytes and the state, both at once; the size limit keeps a
// wrong file from taking all.
func Restore(cores *core.Cores, src io.Reader, now base.Time, do func(core int, eff []core.Effect)) error {
	data, err := io.ReadAll(io.LimitReader(src, limit))
	if err != nil {
		return base.Errorf("restore: %w", err)
	}
	if err := cores.Unused(); err != nil {
		return base.Errorf("restore: %w", err)
	}
	b, err := read(cores.List[0], data, now)
	if err != nil {
		return err
	}
	cores.Install(b, do)
	return nil
}

// Translate returns the image of a unit of another graph in terms of a core's, by way
// of its bytes. It is the Translate of [core.Settings].
//
// Two graphs number functions, edges and outlets each in their own way. Bytes name them,
// so going by way of bytes is the translation.
func Translate(k *core.Core, img *core.Image, of *plan.App) (*core.Image, error) {
	w := newWriter(nil, of, k.Sealer(), k.Now())
	w.moves = true
	w.writeImage(img)
	data, err := w.end(0)
	if err != nil {
		return nil, err
	}
	r := newReader(k, data, k.Now())
	r.calls = true
	if err := r.readAll(data); err != nil {
		return nil, base.Errorf("%w: %w", base.ErrSnapshot, err)
	}
	return r.b.Images()[0], nil
}
