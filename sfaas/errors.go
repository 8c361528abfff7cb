// SPDX-License-Identifier: Apache-2.0

package sfaas

import "github.com/neuroran/neuroran/sfaas/internal/base"

// Sentinel errors.
var (
	// ErrBusy is returned by Push when an edge that may not drop is full.
	// Nothing was taken; push again later.
	ErrBusy = base.ErrBusy
	// ErrClosed is returned after Close.
	ErrClosed = base.ErrClosed
	// ErrNoOutput returned by a handler says that this invocation has no
	// output. It is not a fault: cells and sends are kept.
	ErrNoOutput = base.ErrNoOutput
	// ErrTimeout is the result of a call that got no reply in time.
	ErrTimeout = base.ErrTimeout
	// ErrStaleEpoch is the result of a commit by an owner that has been
	// replaced.
	ErrStaleEpoch = base.ErrStaleEpoch
	// ErrRefused is the result of a commit that an engine did not take but
	// may take later.
	ErrRefused = base.ErrRefused
	// ErrDigest is returned by a move between runtimes whose functions were
	// constructed with different configurations.
	ErrDigest = base.ErrDigest
	// ErrGoexit is the fault of a handler that called runtime.Goexit.
	ErrGoexit = base.ErrGoexit
	// ErrBlocked is the fault of a handler that did not return in time; its
	// worker has been replaced and its context revoked.
	ErrBlocked = base.ErrBlocked
	// ErrSnapshot is wrapped by all errors about the bytes of a snapshot.
	ErrSnapshot = base.ErrSnapshot
	// ErrRecords is wrapped by all errors about what an [Engine] has kept: a
	// runtime that gets one has changed nothing and serves nothing of it.
	ErrRecords = base.ErrRecords
	// ErrNotEmpty is returned by Restore into a runtime that has been used.
	ErrNotEmpty = base.ErrNotEmpty
	// ErrNotOwner is returned by Restore into a runtime that owns nothing.
	ErrNotOwner = base.ErrNotOwner
	// ErrOwned is returned by a move to the runtime that owns the unit already.
	ErrOwned = base.ErrOwned
	// ErrMoving is returned by a move, or a read, of a unit that is moving.
	ErrMoving = base.ErrMoving
	// ErrUnlinked is returned by a move to a runtime that is not linked.
	ErrUnlinked = base.ErrUnlinked
	// ErrKept is returned where a unit must be soft: by a claim without its
	// records, by a move in mode [Fed], and by a move between two runtimes of which
	// one alone has an [Engine] that keeps records.
	ErrKept = base.ErrKept
	// ErrFence is returned by a move in mode [Fed] if slots ran ahead of every
	// fence that was tried. Nothing has changed.
	ErrFence = base.ErrFence
	// ErrLinked is returned by Restore of a runtime beside others that run: a
	// snapshot has the state of all.
	ErrLinked = base.ErrLinked
	// ErrFrame is wrapped by all errors about bytes that have come from another runtime.
	ErrFrame = base.ErrFrame
	// ErrSealer is returned where runtimes are to be connected that seal under different
	// keys.
	ErrSealer = base.ErrSealer
)

// Typed errors, with the facts that a caller may want.
type (
	// WiringError is one mistake in a graph, found by [Graph.Build].
	WiringError = base.WiringError
	// Fault is one failed invocation, as the runtime logs and counts it.
	Fault = base.Fault
	// PanicError is the fault of a handler that panicked.
	PanicError = base.PanicError
	// SizeError is the fault of a handler whose output exceeds the limit.
	SizeError = base.SizeError
	// PayloadError reports a message that cannot be stored: it waits for
	// something while a snapshot is taken, and a field of it has no encoding.
	PayloadError = base.PayloadError
	// CellError reports a cell that is used or declared wrongly.
	CellError = base.CellError
	// OptionError reports an option of a runtime that cannot be.
	OptionError = base.OptionError
	// LifeError refuses a life of a node that comes after a later one.
	LifeError = base.LifeError
	// DigestError says about which part of their graphs two runtimes disagree.
	DigestError = base.DigestError
	// MovedError says that another runtime owns a unit.
	MovedError = base.MovedError
	// KeptError says that a kept unit cannot be claimed, as its records are elsewhere.
	KeptError = base.KeptError
	// RootError is the fault of a handler that emitted under another root on an
	// edge without a cut: both ends of such an edge are in one unit.
	RootError = base.RootError
	// SlotError is the fault of a handler that emitted for a slot before that of
	// its input.
	SlotError = base.SlotError
	// UnacknowledgedError says that a runtime was closed while other units had
	// not acknowledged messages on edges that promise delivery.
	UnacknowledgedError = base.UnacknowledgedError
)
