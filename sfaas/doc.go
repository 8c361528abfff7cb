// SPDX-License-Identifier: Apache-2.0

// Package sfaas runs stateful functions on slots: typed Go functions with
// declared state, composed into graphs, one invocation per key at a time.
//
// # Declare
//
// A function has typed ports, a [FunctionConfig], and the cells that it may use:
//
//	var soft = sfaas.NewMap[uint8, SoftBits]("soft", sfaas.Volatile)
//
//	var Decode = sfaas.Define("phy/decode", func(c *sfaas.Ctx, tb *TransportBlock, in *LLR) error {
//		buf := soft.Mut(c, in.HARQ)
//		...
//	}, sfaas.FunctionConfig{Budget: 200 * time.Microsecond}, soft)
//
//	var DecodeGrant = sfaas.OnControl(Decode, func(c *sfaas.Ctx, g *Grant) error { ... })
//
// [DefineEach] declares one that emits any number of messages under new keys. A function
// of a [Pair] joins two streams on key, slot and sequence. Cells are [Value], [List] and [Map] of class [Volatile],
// [Replicated] or [Sealed]; what they hold is of fixed size, or states its largest
// one, see [MaxBytes]. [NewScratch] and [NewShared] declare resources, which are not
// state. [Reference.Send], [Reference.After], [Callee.Call], [Topic.Publish] and
// [Topic.Subscribe] are effects of a handler. A function has further ports, whose
// handlers share its cells: [OnControl] and [OnSetting] for control, and declared beside
// the cells [Reference.On] for messages of other types and timeouts, [Callee.OnReply]
// for replies, and [Topic.On] for topics.
//
// # Compose
//
//	g := sfaas.NewGraph("uplink")
//	slot := sfaas.Source[Slot](g, "slot")
//	grants := sfaas.Source[Grant](g, "grants")
//	grid := sfaas.Apply(slot, Demodulate)
//	pdu := sfaas.Apply(grid, Extract)
//	est := sfaas.Apply(pdu, Estimate)
//	sym := sfaas.Apply(sfaas.Join(pdu, est), Equalize)
//	tb := sfaas.Apply(sfaas.Apply(sym, Demap), Decode)
//	sfaas.Control(grants, DecodeGrant)
//	out := sfaas.Sink(tb, "tb")
//	app, err := g.Build() // every wiring error at once
//
// A wrong order, or a wrong control type, does not compile. [Edge.With] gives
// an edge a guarantee and a capacity, [Edge.Spread] joins a cell's message with
// each of its UEs, [Select] takes one field of an output, [DeadLetter] takes
// what could not be processed. [Emitter.At] emits for a later slot; a function
// without an output returns [None], and one that others reach by reference alone
// is added with [Graph.Add].
//
// # Run
//
//	rt, err := sfaas.NewRuntime(app, sfaas.WithMode(sfaas.Replay),
//		sfaas.WithOutput(out, func(h sfaas.Header, tb *TransportBlock) { ... }))
//	defer rt.Close()
//	cell := sfaas.NewKey(sfaas.KindCell, 1)
//	err = grants.PushValue(rt, cell.Child(sfaas.KindUE, 17), n, &grant)
//	err = slot.Push(rt, cell, n, func(s *Slot) error { return rec.Read(s) })
//	err = rt.Drain(ctx)
//	for _, f := range rt.Stats() { ... }
//	rows = rt.Units(rows)
//
// [Runtime.Snapshot] and [Runtime.Restore] write and read all state, with the
// messages that wait; [Input.Position] tells a source where to go on. [Runtime.Read]
// and [Runtime.Keys] look into the cells of a runtime that runs, [OpenSnapshot] into those
// of a snapshot. What stays
// connected over edges that are not cut, see [Edge.Cut], is under one root of keys a
// [Unit]: it has one owner, and [Runtime.MoveUnit] brings it to another runtime while
// messages flow. Keys that nobody
// uses are forgotten, see [WithIdleKeys]. [WithChecks] is for tests. [WithThreads] puts workers
// on threads that run before others, and [ThreadGroup] lets runtimes share them. [SlotClock] paces a real-time source.
//
// # How it works
//
// This package is the roof: what programs write. Below it, in internal, stand
// six rooms, each of which imports those before it alone: base (values), layout
// (Go memory to bytes), plan (a graph that has been built), core (the machine),
// state (state and messages as bytes), and live (the production shell). The machine is one function, core.Core.Step: it takes
// an event and returns effects, without goroutine, clock or I/O. [Runtime]
// drives one core per worker through live; package sim drives the same code
// with a seeded event loop. An [Engine] makes changes durable: a commit is an
// effect, its completion an event.
package sfaas
