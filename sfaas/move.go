// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"
	"fmt"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/live"
)

// MoveMode says what becomes of the Volatile cells of a unit that moves.
// Everything else always goes along.
type MoveMode = base.MoveMode

const (
	// Kept copies them.
	Kept = base.Kept
	// Soft drops them: the unit starts from its last settings, as after a radio
	// impairment.
	Soft = base.Soft
	// Fed rebuilds them: for some slots before the fence both owners get every
	// message, and only the old one publishes. It is for soft units whose
	// messages have slots.
	Fed = base.Fed
)

// MoveConfig describes a move: what becomes of Volatile cells; in mode [Fed] the
// history in slots; in the others the slot not before which the unit stops. The
// zero value is a move at once in mode [Kept].
type MoveConfig = live.MoveConfig

// MoveReport says what a move did: unit and new epoch, instances and waiting
// messages that moved, and for how long messages of the unit waited.
type MoveReport = live.MoveReport

// Link lets runtimes of one process exchange messages and units, each with each
// of the others. They run graphs of equal digest under different numbers and
// agree on default owners, see [WithDefaultOwner]; they may differ in workers. A
// runtime that closes is unlinked.
func Link(runtimes ...*Runtime) error {
	var all []*live.Runtime
	for i, r := range runtimes {
		if r == nil {
			return &OptionError{Option: "Link", Got: fmt.Sprintf("nil for runtime %d", i+1), Want: "a runtime"}
		}
		all = append(all, r.rt)
	}
	return live.Link(all...)
}

// MoveUnit brings a unit that this runtime owns to a linked runtime while
// messages flow. All functions of the unit move together or not at all. On
// edges that promise delivery nothing is lost or repeated, and the messages of
// one producer and key keep their order; AtMostOnce edges from other units may
// lose messages meanwhile, counted, except in mode [Fed].
//
// The resources of the unit's part are opened at the target before the unit
// stops, and closed here when it was the last unit of the part. If one cannot be
// opened, or the target refuses, the unit stays where it is.
//
// Until the target has taken the unit, the old owner holds what comes for it; from
// then on the target owns it under the next epoch, and whatever still comes to the old
// one is sent on to who sends, as news of the route.
//
// A kept unit of which the [Engine] keeps records is handed over to that of the target:
// this runtime commits that it gives the unit away, and serves it no more; the target
// commits all of it, serves it, and answers; this one commits where it went. Either may
// crash, or the connection break, at any moment: after that the unit waits, unserved,
// until the two are linked again and the target has said whether it has it. So it is
// never owned twice, and unavailable while the target is down; Snapshot and Drain wait
// with it. If the target says no, as its disk is full or the image did not get there, the
// unit stays, under an epoch that is newer still. While a disk is full, a move that has
// begun waits for room. The modes are [Kept] and [Soft].
//
// Without records a connection may break too, and is then forgotten: the unit waits until
// the two are linked again and the target has answered. If the life of the target ends
// first, nobody knows whether it has served the unit. A soft unit goes on here, and the
// error is [ErrClosed]. A kept one waits, and the error is a [*KeptError] with the epoch
// that the target got: if it has not moved the unit on, [Runtime.Claim] under a later epoch
// lets it go on here, with what it had when it left.
//
// MoveUnit returns a [*MovedError] if another runtime owns the unit, [ErrMoving] while
// the outcome of an earlier move is not known, and [ErrKept] for a kept unit in mode [Fed]
// or if the engine of one of the two runtimes alone keeps records. If ctx ends first, the
// move goes on, as nobody can take it back, and its outcome shows in the routes.
func (r *Runtime) MoveUnit(ctx context.Context, u Unit, to NodeID, cfg MoveConfig) (MoveReport, error) {
	return r.rt.MoveUnit(ctx, u, to, cfg)
}

// Leave moves every unit away so that the runtime can be closed: to says where
// a unit goes, and 0 refuses. Units that have not been used are not known one by
// one; to is asked for them once a part, as the unit of the zero key, and from then
// on whoever it names owns those that the runtime would own by default. From the
// call on the runtime takes no unit, and pushes for units that are still here get a
// [*MovedError]. Leave returns the errors of all moves that failed.
func (r *Runtime) Leave(ctx context.Context, to func(Unit) NodeID, cfg MoveConfig) error {
	return r.rt.Leave(ctx, to, cfg)
}

// Prepare opens the resources of a unit's part before the unit comes. What was
// prepared stays open until the unit has come and gone, or [Runtime.Unprepare].
func (r *Runtime) Prepare(u Unit) error { return r.rt.Prepare(u) }

// Unprepare ends what Prepare began: resources that no unit needs are closed.
func (r *Runtime) Unprepare(u Unit) error { return r.rt.Unprepare(u) }

// Own makes this runtime the first owner of a unit: it sets the first route of
// one that has none yet, before the unit is used. Whoever owns it by default hears of
// that and drops what it has of it, records too; so the two must not both have been
// pushed to. A unit that has moved, or is moving, has a route: Own returns a
// [*MovedError].
func (r *Runtime) Own(u Unit) error { return r.rt.Own(u) }

// Claim takes over a soft unit whose owner is gone, empty, under an epoch that
// is newer than the owner's. The old owner, should it still be there, stops. A
// unit that is moving here is refused with [ErrMoving], and an epoch that is not newer
// than what is known with [ErrStaleEpoch].
//
// The records of a kept unit are needed to claim that: without them the error is a
// [*KeptError]. A runtime that has moved one away has all of it until it gets an answer. If
// the target will never give one, since its disk or its life is lost, Claim lets the unit
// go on here, under an epoch beyond the one of the target: who calls it vouches that nobody
// has the unit from the target, and that the target has no records of it. An answer that
// came just before, and has let the unit go on here under that epoch, is no error.
func (r *Runtime) Claim(u Unit, epoch uint32) error { return r.rt.Claim(u, epoch) }

// Release lets nobody own a soft unit any more, under an epoch that is newer than its owner's:
// the owner drops what it has of it, wherever it is, and closes resources that no other unit
// needs. What comes for the unit is refused, with a [*MovedError] whose owner is 0, until
// somebody claims it under a later epoch; messages that other units have promised to it wait
// for that. It returns once all linked runtimes have heard of it.
//
// A unit that is moving here is refused with [ErrMoving], and an epoch that is not newer than
// what is known with [ErrStaleEpoch]. A kept unit is refused with a [*KeptError]: its content,
// and what an [Engine] has recorded of it, is there to be kept.
func (r *Runtime) Release(u Unit, epoch uint32) error { return r.rt.Release(u, epoch) }

// Units returns a row for each unit that this runtime owns and has used, or has got
// by a route, and for those that have left lately, in the order in which they came.
// Rows are as of the last slot: workers are neither asked nor made to wait. It writes
// over dst, with the memory that its rows have, and allocates only what does not fit.
func (r *Runtime) Units(dst []UnitStats) []UnitStats { return r.rt.Units(dst) }

// WatchUnits calls f with rows as of [Runtime.Units], but without Edges and Work, whenever the
// counters of units have been published: once per slot or so, and of each unit before its
// next slot begins. So what f has not heard of is at most what a unit has done since its newest
// slot began; of messages without slots, within half a millisecond. Workers call f between
// two handlers, several at once: it must not block, and not keep the rows. A later call
// replaces f, and nil ends it.
func (r *Runtime) WatchUnits(f func([]UnitStats)) { r.rt.WatchUnits(f) }

// Flows returns what has travelled between this runtime and others, as of the last slot: a
// row for each edge on which anything has, in dst as far as it fits. Over all runtimes, what
// was sent on an edge is what was received, and what was lost, and what is on its way
// or went down with a connection or a process.
func (r *Runtime) Flows(dst []EdgeFlow) []EdgeFlow { return r.rt.Flows(dst) }

// Routes returns the routes that the runtime knows of, by unit. Units without
// one belong to their default owner.
func (r *Runtime) Routes() []Route { return r.rt.Routes() }

// Route returns the route of one unit.
func (r *Runtime) Route(u Unit) (Route, error) { return r.rt.Route(u) }

// Outlived returns the routes by which runtimes that were linked with this one take it for the
// owner of a unit, under an epoch that is newer than the one it knows: as an earlier life of it
// was. Nobody serves such a unit until somebody claims it under an epoch after that, and what
// owns it by an older one is refused by them. A unit that is on its way here may be among them
// for a moment.
func (r *Runtime) Outlived() []Route { return r.rt.Outlived() }

// WatchRoutes calls f with every route that the runtime learns of from now on,
// one call at a time, until stop is called, which may be in f; a call that has begun by then
// ends. F must not block: it may look at routes and push, and what waits for the runtime, such
// as [Runtime.Claim], [Runtime.MoveUnit] or [Runtime.Close], is for another goroutine.
func (r *Runtime) WatchRoutes(f func(Route)) (stop func()) { return r.rt.WatchRoutes(f) }
