// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"
	"slices"
)

// Bugs are wrong turns that the machine takes if its simulator asks for them, to see
// how soon the oracles find out. The zero value, the only one outside of sfaas/sim,
// has none.
//
// Each stands for a mistake that has been made here, or nearly: the name in the table
// says what the machine then does wrongly, and the simulator has to find it within a few
// seeds. A mechanism that no bug here breaks is one of which nobody knows that it is
// tested.
type Bugs struct {
	outboxFirst bool // outputs leave when their batch is made
	ackFirst    bool // a refused batch counts as committed
	dropMarks   bool // some marks do not rise, and repeats come through
	retransmit  bool // what is sent again is taken again
	clockStep   bool // the clock of a core jumps ahead, see ClockStep
	takeGaps    bool // what has overtaken an earlier message is taken
	staleEpoch  bool // older news of a route replace newer ones
	linesLast   bool // after a move what waited lines up behind what is made anew
	linesLost   bool // an image leaves without what came while its unit stopped
	lateAnswer  bool // a second answer counts for the batch that is offered then
	ackUnsynced bool // a record is answered before it is synced, see AckBeforeSync
	keepInputs  bool // what is done with stays an input of its unit
	serveEarly  bool // an import is served before it is committed
	noIntent    bool // a unit leaves without an intent
	earlyGrave  bool // the tombstone comes before the answer
	noPromise   bool // who says no may import nevertheless
	lossIsYes   bool // a move whose connection is lost counts as done
	lossIsNo    bool // a unit whose connection is lost goes on where it was
	restBack    bool // and so does what has no route
	halfImport  bool // half an import is taken for a whole one
	clockLives  bool // a life has the number of the clock, see LivesByClock
	keepFreed   bool // who owns a unit does not heed that nobody shall
	snapshotGap bool // a record gets lost between a log and its snapshot, see SnapshotGap
}

// AckBeforeSync reports whether the model disk is to answer before it syncs.
func (b *Bugs) AckBeforeSync() bool { return b.ackUnsynced }

// LivesByClock reports whether a life of a node is to have the number that the clock gives,
// whatever life came before it.
func (b *Bugs) LivesByClock() bool { return b.clockLives }

// SnapshotGap reports whether the model disk is to lose the last record of a log that
// becomes a snapshot.
func (b *Bugs) SnapshotGap() bool { return b.snapshotGap }

// ClockStep reports whether the shell is to let the clock of a core jump.
func (b *Bugs) ClockStep() bool { return b.clockStep }

// Planted is a bug that [Plant] knows.
type Planted struct {
	Name string // for Plant
	What string // what the machine does wrongly
	set  func(b *Bugs)
}

// Plants returns the table of bugs. One per line; whoever changes a mechanism brings the
// nearest form of its bugs along.
func Plants() []Planted {
	return []Planted{
		{"outbox-before-state", "outputs leave when their batch is made, not when it is committed", func(b *Bugs) { b.outboxFirst = true }},
		{"ack-before-commit", "a batch counts as committed although the engine has refused it", func(b *Bugs) { b.ackFirst = true }},
		{"dropped-mark", "the mark of one message in eight does not rise, and what is sent again comes through", func(b *Bugs) { b.dropMarks = true }},
		{"duplicate-after-retransmit", "a message that is sent again is taken again", func(b *Bugs) { b.retransmit = true }},
		{"gap-taken", "a message that has overtaken an earlier one of its producer is taken (the nearest form of D2)", func(b *Bugs) { b.takeGaps = true }},
		{"waiting-behind", "after a move, what waited lines up behind what is made from then on (the nearest form of D1b)", func(b *Bugs) { b.linesLast = true }},
		{"waiting-lost", "an image leaves without what came while its unit stopped (the nearest form of D1a)", func(b *Bugs) { b.linesLost = true }},
		{"second-answer", "the second answer to a batch counts for the one that is offered then (the nearest form of D3)", func(b *Bugs) { b.lateAnswer = true }},
		{"stale-epoch", "older news of a route replace newer ones", func(b *Bugs) { b.staleEpoch = true }},
		{"release-unheard", "who owns a unit goes on when it hears that nobody shall own it", func(b *Bugs) { b.keepFreed = true }},
		{"clock-step", "the clock of a core jumps an hour ahead and back", func(b *Bugs) { b.clockStep = true }},
	}
}

// DiskPlants are bugs that only nodes with disks show.
func DiskPlants() []Planted {
	return []Planted{
		{"ack-before-sync", "the engine answers before what it has taken is on its disk", func(b *Bugs) { b.ackUnsynced = true }},
		{"snapshot-gap", "the last record of a log is in no snapshot when the log is cut", func(b *Bugs) { b.snapshotGap = true }},
		{"import-served-first", "a unit that is handed over is served, and its old owner told so, before the import is committed", func(b *Bugs) { b.serveEarly = true }},
		{"intent-not-committed", "a unit is handed over without a record that says so", func(b *Bugs) { b.noIntent = true }},
		{"tombstone-first", "the old owner commits the tombstone before it has an answer", func(b *Bugs) { b.earlyGrave = true }},
		{"promise-not-committed", "who says that it has no unit does not promise never to import it", func(b *Bugs) { b.noPromise = true }},
		{"half-import", "a recovery takes half an import for a unit", func(b *Bugs) { b.halfImport = true }},
		{"life-by-clock", "two lives that begin within a quarter of a second have one number", func(b *Bugs) { b.clockLives = true }},
		{"half-row", "a record leaves out that an input is done with", func(b *Bugs) { b.keepInputs = true }},
	}
}

// LinkPlants are bugs that only nodes show that forget each other in the midst of a move.
func LinkPlants() []Planted {
	return []Planted{
		{"loss-is-yes", "a move counts as done when its connection is forgotten", func(b *Bugs) { b.lossIsYes = true }},
		{"loss-is-no", "a unit goes on where it was when its connection is forgotten", func(b *Bugs) { b.lossIsNo = true }},
		{"no-without-promise", "who says that it has no unit takes one that comes late", func(b *Bugs) { b.noPromise = true }},
		{"rest-taken-back", "what has no route goes on where it was when the connection is forgotten", func(b *Bugs) { b.restBack = true }},
	}
}

// Plant returns the bugs of a name, none for "".
func Plant(name string) (b Bugs, err error) {
	for _, p := range slices.Concat(Plants(), DiskPlants(), LinkPlants()) {
		if p.Name == name {
			p.set(&b)
			return b, nil
		}
	}
	if name != "" {
		err = fmt.Errorf("sfaas: no bug %q can be planted", name)
	}
	return b, err
}
