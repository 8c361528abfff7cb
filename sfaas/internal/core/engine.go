// SPDX-License-Identifier: Apache-2.0

package core

import (
	"errors"
	"iter"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Engine makes records durable. The one in memory keeps nothing; others keep a
// log, replicate it, or, in a simulator, delay, refuse and lose.
//
// An engine makes the records of one (unit, epoch, core) durable in the order of
// their numbers and without a gap: one that comes before its predecessor is
// durable is refused, and will be offered again. Records of different cores or
// units are in no order. A record is durable as a whole or not at all. One that is
// durable already, by its (unit, epoch, core, number), is done at once when it is
// offered again. One of an epoch older than the newest that the engine knows for the
// unit gets ErrStaleEpoch, and no other record does.
//
// The machine offers a record again after every other error, which means that the
// outcome is not known, and never while an offer has no answer.
type Engine interface {
	// Keeps reports whether the engine keeps what it is given. If not, records
	// come without writes: nothing is encoded for it.
	Keeps() bool
	// Commit takes a record and answers with one call of done, which may come
	// before Commit returns and from any goroutine: nil if the record is durable.
	// The record, with all that it refers to, is the engine's until then, and does
	// not change. Commit does not wait for a disk.
	Commit(r *Record, done func(error))
	// Load calls unit for each unit of which the engine has records, the zero Unit
	// first, with the newest epoch that it knows and with what all writes together
	// have left, in the order of the keys. Keys and values are good until the next
	// step of the sequence. It returns the first error of unit. Damage is an error,
	// also one that is found behind what unit has seen: a caller uses nothing of it
	// before Load has returned nil. Nobody commits meanwhile.
	Load(unit func(u base.Unit, epoch uint32, rows iter.Seq2[[]byte, []byte]) error) error
}

// Record is what one step of a unit has changed. The zero Unit stands for the
// runtime itself: the routes that it knows, the names of its graph, what its
// sources have pushed for units elsewhere. Its epoch is the number of the
// runtime's life.
type Record struct {
	Unit   base.Unit
	Epoch  uint32  // under which the runtime owns the unit
	Core   int     // core of the runtime under that epoch
	Seq    uint64  // from 1 on, by one with every record of (unit, epoch, core)
	Writes []Write // in order: of two of one key the later one holds
}

// Write sets the value of a key, deletes it, or deletes all keys from Key up to
// End, which is not one of them. Keys are those of the unit: the engine keeps units
// apart. They are opaque, and their order is that of bytes.
type Write struct {
	Key    []byte // first key of a range, if there is an End
	Value  []byte // not read if Delete
	End    []byte // not nil, with Delete: of a range
	Delete bool   // the key, or the range, is to be gone
}

// Batch is everything that waits for one record: an input that is done with, and
// what leaves when the record is durable.
type Batch struct {
	ID       uint64     // rises by one with every batch of a core
	From     Endpoint   // core that made it
	Function string     // function that ran
	Key      base.Key   // instance
	Record   Record     // what the engine gets
	Outbox   []Outgoing // outputs that leave after the commit

	done      BatchDone
	offer     uint32 // counts them: an answer to an earlier one says nothing
	node      *plan.Node
	ks        *keyState
	unit      *unit
	input     item
	replies   []reply
	settles   []settling   // inputs that are settled then
	acks      int          // kept messages whose rows it deletes
	cancelled []base.Token // of delayed messages that are not to leave
	state     batchState

	then func()               // what else follows, nil for mostly nothing
	hand func(err error) bool // of a hand-over: see [Core.commitHand]
}

// batchState says how far a batch is, for its core.
type batchState uint8

const (
	batchOffered batchState = iota // the engine has it
	batchRefused                   // it will be offered again
	batchLanded                    // committed; an earlier one of its unit is not
	batchRetired                   // its outputs have left
	batchHand                      // offered, of a hand-over
)

// Outgoing is a message that waits for the commit of its batch.
type Outgoing struct {
	Edge base.EdgeID // edge on which it leaves
	Msg  *Message    // the message, held by the batch
	Key  base.Key    // key of the consumer
	// At is the moment before which a delayed message does not leave, 0 for
	// others; Token names it to its sender.
	At    base.Time
	Token base.Token

	stamp *Stamp // if it is recorded
}

// Answer returns the function that takes the answer to the present offer, as an
// [Engine] calls it. What is said after the first answer changes nothing.
func (b *Batch) Answer() func(error) {
	n := b.offer
	return func(err error) { b.done(b, n, err) }
}

// Offer returns the number of the present offer, for an [Event] that answers it.
func (b *Batch) Offer() uint32 { return b.offer }

// Memory returns the engine that keeps nothing beyond the process: a record is
// committed when it is handed over.
func Memory() Engine { return memoryEngine{} }

type memoryEngine struct{}

// InMemory reports whether the engine is the one of [Memory].
func (s *Settings) InMemory() bool {
	_, ok := s.Engine.(memoryEngine)
	return ok
}

// Keeps implements [Engine].
func (memoryEngine) Keeps() bool { return false }

// Commit implements [Engine].
func (memoryEngine) Commit(_ *Record, done func(error)) { done(nil) }

// Load implements [Engine].
func (memoryEngine) Load(func(base.Unit, uint32, iter.Seq2[[]byte, []byte]) error) error { return nil }

var (
	errFound   = errors.New("a unit")
	errNoLives = errors.New("records of a unit without those of the runtime before them")
)

// LastLife returns the number of the last life of a runtime of which an engine has records,
// 0 for none, and whether it has some of units.
//
// The rows of the lives come first, under the number of the last one. The first unit that is
// found is enough; the error is how a load is ended early. An engine that shows units in
// another order is refused: a life that takes itself for the first one may have a number
// that was used.
func LastLife(e Engine) (last uint32, units bool, err error) {
	begun := false
	err = e.Load(func(u base.Unit, epoch uint32, _ iter.Seq2[[]byte, []byte]) error {
		if u != (base.Unit{}) {
			units = true
			return errFound
		}
		begun, last = true, max(last, epoch)
		return nil
	})
	switch {
	case units && !begun:
		return 0, true, errNoLives
	case units: // what else is wrong, Recover finds
		return last, true, nil
	}
	return last, false, err
}
