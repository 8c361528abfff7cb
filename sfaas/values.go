// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/live"
)

// The plain values of the runtime. They are declared in its lower rooms, which
// use them too, and bear their names here for programs.
type (
	// Key is the second half of an address: what a message is about. It is a
	// path of at most [MaxDepth] levels, each a kind and an identifier below
	// 2^56, such as cell 7 / UE 17921 / process 3. A Key is a comparable value
	// of 24 bytes; the zero Key is the root. Its methods Child, Group, UE,
	// Process and Bearer go down a level, Parent goes up, Under compares, and
	// ID reads a level.
	Key = base.Key
	// Kind says what one level of a [Key] stands for. The runtime gives the
	// values no meaning.
	Kind = base.Kind
	// Slot numbers the slots of a run; a message belongs to one of them.
	// Sources push the slots of a key in rising order.
	Slot = base.Slot
	// Time is a moment on a runtime's own clock in nanoseconds, with methods
	// Add and Sub. Its zero is the start of the process in production and the
	// start of the run in a simulation. In a cell or a message it keeps its
	// meaning over a restore: it is shifted to the clock of the new process, but
	// for the zero and [Never], which stand for no moment.
	Time = base.Time
	// Header is what the runtime knows about a message: edge, producer, key,
	// slot, place among those of its slot, and due time. [Ctx.Header] reads it.
	Header = base.Header
	// Unit names what has one owner and moves as a whole: the instances of one
	// part of a graph under one root. A part is what stays connected over edges
	// that are not cut, see [Edge.Cut]; a root is the first level of a key, such
	// as a cell, or a bucket of roots, see [Graph.Buckets], or the channel of a
	// topic.
	Unit = base.Unit
	// Route says who owns a unit, under which epoch; 0 means by default, see
	// [WithDefaultOwner].
	Route = base.Route
	// NodeID names one runtime among those that are linked; 0 stands for none.
	NodeID = base.NodeID
	// Token names a delayed message or a call of one instance; see [Ctx.Cancel].
	Token = base.Token
	// Digest identifies a configuration: functions or graphs with equal digests
	// may exchange state and messages.
	Digest = base.Digest
)

// What programs say about functions, cells and edges.
type (
	// FunctionConfig describes one function: its budget, its cost in a simulation, how
	// long half-joined messages wait, whether invocations of one key may run
	// side by side, and its parameters. The zero value is usable.
	FunctionConfig = base.FunctionConfig
	// EdgeConfig describes one edge: its guarantee, its capacity, what it drops
	// and how often it retries. The zero value is an inline edge with
	// [AtMostOnce].
	EdgeConfig = base.EdgeConfig
	// Class says what the content of a cell must survive.
	Class = base.Class
	// Guarantee says what an edge promises about its messages.
	Guarantee = base.Guarantee
	// Drop says what a full edge does.
	Drop = base.Drop
	// Mode says what lateness leads to.
	Mode = base.Mode
)

// Values of the types above: classes of cells, guarantees of edges and what
// full edges do, modes of a runtime.
const (
	// Volatile content may be lost when its owner is lost, as a radio
	// impairment would lose it. It changes in place.
	Volatile = base.Volatile
	// Replicated content survives a node. Changes are staged and discarded if
	// the handler fails.
	Replicated = base.Replicated
	// Sealed content is as Replicated, and encrypted wherever it is stored or
	// sent.
	Sealed = base.Sealed

	// AtMostOnce edges drop and count what is late or overflows.
	AtMostOnce = base.AtMostOnce
	// AtLeastOnce edges deliver again after a failure or loss; the consumer may
	// see a message twice.
	AtLeastOnce = base.AtLeastOnce
	// ExactlyOnce edges commit the input's identity, the changed cells and the
	// outputs as one batch.
	ExactlyOnce = base.ExactlyOnce

	// DropNone never drops: the edge pushes back to the sources before it. Those of other
	// processes hear of what is on its way to the consumer, not of what waits there: an
	// AtMostOnce message that comes from there and finds no room is dropped and counted.
	DropNone = base.DropNone
	// DropOldest makes room by dropping the message that waits longest.
	DropOldest = base.DropOldest
	// DropNewest drops the message that arrives.
	DropNewest = base.DropNewest

	// RealTime skips and counts a stage that would start after its due time.
	RealTime = base.RealTime
	// Replay runs every stage; lateness is only reported.
	Replay = base.Replay
)

// Kinds of key levels that programs share. Package ran/block makes the keys of a radio
// access network from them.
const (
	KindNone    = base.KindNone    // no level: the end of a key
	KindCell    = base.KindCell    // a radio cell, a carrier, a site
	KindGroup   = base.KindGroup   // units treated together, such as UEs that share PRBs
	KindUE      = base.KindUE      // a user
	KindProcess = base.KindProcess // one of several processes of a user, such as HARQ
	KindBearer  = base.KindBearer  // one of several flows of a user
	KindUser    = base.KindUser    // first value that is free for programs
)

// Bounds of keys and moments.
const (
	Never    = base.Never    // later than every moment: the due time of work without a deadline
	MaxDepth = base.MaxDepth // the largest number of levels of a Key
)

// NewKey returns the one-level key of the given kind and identifier. Bits of
// id beyond 56 are cut off.
func NewKey(kind Kind, id uint64) Key { return base.NewKey(kind, id) }

// Now reads the production clock, the one of every runtime without [WithClock].
// It serves to lay out a timeline before a runtime exists:
//
//	timeline := sfaas.NewTimeline(slot)
//	timeline.Set(0, sfaas.Now().Add(10*time.Millisecond))
//	rt, err := sfaas.NewRuntime(app, sfaas.WithTimeline(timeline))
func Now() Time { return base.Now() }

// What a runtime tells about what it has done.
type (
	// FunctionStats is the state of one function's counters over all workers:
	// a [Meter], [Counts], and the durations of its stages.
	FunctionStats = core.FunctionStats
	// UnitStats is what a runtime has counted of a unit under one epoch, see
	// [Runtime.Units].
	UnitStats = core.UnitStats
	// EdgeFlow is what has travelled on one edge between a runtime and others, see
	// [Runtime.Flows].
	EdgeFlow = core.EdgeFlow
	// Traffic is a number of messages and of their payload bytes.
	Traffic = core.Traffic
	// Histogram counts durations; what it tells is at most 1/16 too high.
	Histogram = core.Histogram
	// Meter is what a function or a unit has used. Invocations, state bytes and
	// transferred bytes are the quantities that the paper bills by.
	Meter = core.Meter
	// Counts is what happened to the messages of a function or a unit.
	Counts = core.Counts
	// Notice reports one thing that went otherwise than in a good slot; see
	// [WithNotices].
	Notice = core.Notice
	// NoticeKind says what a [Notice] is about.
	NoticeKind = core.NoticeKind
	// Position says how far the messages of one source and key have been taken
	// in; see [Input.Position].
	Position = core.Position
)

// MergeUnits takes rows, read later than what dst has, into dst: each replaces the
// row of its unit, epoch, node and life, or is new. So the sum of dst over a unit is
// what it has used, wherever it was, and nothing is counted twice.
func MergeUnits(dst, rows []UnitStats) []UnitStats { return core.MergeUnits(dst, rows) }

// The kinds of notices; all are counted in [FunctionStats] too.
const (
	NoticeFault   = core.NoticeFault   // an invocation failed
	NoticeSkipped = core.NoticeSkipped // a stage was skipped because it was late
	NoticeLate    = core.NoticeLate    // a stage ended late
	NoticeDropped = core.NoticeDropped // a message was dropped: overflow, no grant, no partner
	NoticeRepeat  = core.NoticeRepeat  // a repeated message was dropped
	NoticeStale   = core.NoticeStale   // a message or commit of an old owner was refused
	NoticeLost    = core.NoticeLost    // volatile content was lost
)

// What hosts, engines and drivers of slots deal with.
type (
	// Engine makes records durable; see [WithEngine].
	Engine = core.Engine
	// Record is what one step of a unit has changed: an [Engine] commits it as a
	// whole.
	Record = core.Record
	// Write sets or deletes one key of a [Record], or deletes a range.
	Write = core.Write
	// Sealer encrypts the content of Sealed cells wherever it leaves memory.
	Sealer = core.Sealer
	// SlotClock calls a function at the start of every slot of a [Timeline], from a
	// thread that sleeps to absolute moments. After a stall it goes on with the slot
	// that is on the air.
	SlotClock = live.SlotClock
	// Timeline says when slots begin: set when the radio shows it, shifted and
	// adjusted in parts per million as its clock is heard.
	Timeline = base.Timeline
)

// NewTimeline returns a timeline of slots of a length on the radio's clock, above 0.
// As long as it is not set, no slot has a start, and nothing is late.
func NewTimeline(slot time.Duration) *Timeline { return base.NewTimeline(slot) }

// CutKey reads what [Key.AppendBinary] wrote, and returns the rest of src.
func CutKey(src []byte) (Key, []byte, error) { return base.CutKey(src) }

// NewSealer returns a sealer with AES-256-GCM under one key and random nonces.
func NewSealer(key [32]byte) Sealer { return core.NewSealer(key) }
