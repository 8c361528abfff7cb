// SPDX-License-Identifier: Apache-2.0

package base

import (
	"errors"
	"fmt"
	"strings"
)

// pkg is the prefix of every text of an error of this module's runtime.
const pkg = "sfaas: "

// Errorf is fmt.Errorf for errors that say where they come from: the text names
// the package at its start and nowhere else, also where it wraps an error that
// does so itself.
func Errorf(format string, args ...any) error { return &once{fmt.Errorf(format, args...)} }

type once struct{ error }

// Error implements error.
func (e *once) Error() string { return nameOnce(e.error.Error()) }

// Unwrap returns what fmt.Errorf has made.
func (e *once) Unwrap() error { return e.error }

func nameOnce(text string) string { return pkg + strings.ReplaceAll(text, pkg, "") }

// Cause returns the text of a fault without what says where it happened.
func (f *Fault) Cause() string { return strings.ReplaceAll(f.Err.Error(), pkg, "") }

// Sentinel errors.
var (
	// ErrBusy is returned by Push when an edge that may not drop is full.
	// Nothing was taken; push again later.
	ErrBusy = errors.New("sfaas: edge is full")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("sfaas: runtime is closed")
	// ErrNoOutput returned by a handler says that this invocation has no
	// output. It is not a fault: cells and sends are kept.
	ErrNoOutput = errors.New("sfaas: no output")
	// ErrTimeout is the result of a call that got no reply in time.
	ErrTimeout = errors.New("sfaas: call timed out")
	// ErrStaleEpoch is the result of a commit by an owner that has been
	// replaced.
	ErrStaleEpoch = errors.New("sfaas: owner epoch is stale")
	// ErrRefused is the result of a commit that an engine did not take but
	// may take later.
	ErrRefused = errors.New("sfaas: commit refused")
	// ErrDigest is returned by a move between runtimes whose functions were
	// constructed with different configurations.
	ErrDigest = errors.New("sfaas: config digests differ")
	// ErrGoexit is the fault of a handler that called runtime.Goexit.
	ErrGoexit = errors.New("sfaas: handler called runtime.Goexit")
	// ErrBlocked is the fault of a handler that did not return in time; its
	// worker has been replaced and its context revoked.
	ErrBlocked = errors.New("sfaas: handler blocked")
	// ErrSnapshot is wrapped by all errors about the bytes of a snapshot.
	ErrSnapshot = errors.New("sfaas: bad snapshot")
	// ErrRecords is wrapped by all errors about what an engine has kept.
	ErrRecords = errors.New("sfaas: bad records")
	// ErrNotEmpty is returned by Restore into a runtime that has been used.
	ErrNotEmpty = errors.New("sfaas: runtime has state already")
	// ErrNotOwner is returned by Restore into a runtime that owns nothing.
	ErrNotOwner = errors.New("sfaas: nothing is owned here")
	// ErrOwned is returned by a move to the runtime that owns the unit already.
	ErrOwned = errors.New("sfaas: unit is there already")
	// ErrMoving is returned by a move of a unit that is moving.
	ErrMoving = errors.New("sfaas: unit is moving")
	// ErrUnlinked is returned by a move to a runtime that is not linked.
	ErrUnlinked = errors.New("sfaas: runtimes are not linked")
	// ErrKept is returned where a unit must be soft: by a claim without its
	// records, by a move in mode Fed, and by a move between two runtimes of which
	// one alone has an engine that keeps records.
	ErrKept = errors.New("sfaas: unit is not soft")
	// ErrFence is returned by a move in mode Fed if slots ran ahead of every
	// fence that was tried. Nothing has changed.
	ErrFence = errors.New("sfaas: slots run ahead of the fence")
	// ErrFrame is wrapped by all errors about bytes that have come from another runtime.
	ErrFrame = errors.New("sfaas: bad frame")
	// ErrSealer is returned where runtimes are to be connected that seal under different
	// keys.
	ErrSealer = errors.New("sfaas: sealers differ")
	// ErrLinked is returned by Restore of a runtime beside others that run: a
	// snapshot has the state of all.
	ErrLinked = errors.New("sfaas: runtime is linked with others that run")
)

// WiringError is one mistake in a graph, found by sfaas.Graph.Build.
type WiringError struct {
	Graph  string // name of the graph
	Port   string // the port concerned, such as "phy/decode.grant"
	Reason string // what is wrong
}

// Error implements error.
func (e *WiringError) Error() string {
	return fmt.Sprintf("sfaas: graph %s: port %s: %s", e.Graph, e.Port, e.Reason)
}

// PanicError is the fault of a handler that panicked.
type PanicError struct {
	Value any    // what was passed to panic
	Stack string // stack of the handler
}

// Error implements error.
func (e *PanicError) Error() string { return fmt.Sprintf("sfaas: handler panicked: %v", e.Value) }

// DigestError says that two runtimes disagree about a part of their graphs. It is an
// [ErrDigest].
type DigestError struct {
	Of        string // what differs, such as "part decode" or "edge a -> b.in"
	Got, Want Digest // of the other runtime, and of this one; 0 where it is not there
}

// Error implements error.
func (e *DigestError) Error() string {
	return fmt.Sprintf("%v: %s: %v, want %v", ErrDigest, e.Of, e.Got, e.Want)
}

// Unwrap returns ErrDigest.
func (e *DigestError) Unwrap() error { return ErrDigest }

// SizeError is the fault of a handler whose output exceeds the limit of a runtime, or
// which gives a cell a value beyond the largest that the cell may hold. It is also the
// error of reading such a value from bytes.
type SizeError struct {
	Port  string // outlet of the function, or "cell NAME"
	Bytes int    // size of the message or value
	Limit int    // largest size allowed
}

// Error implements error.
func (e *SizeError) Error() string {
	return fmt.Sprintf(pkg+"%s: %d bytes, limit %d", e.Port, e.Bytes, e.Limit)
}

// PayloadError reports a message that cannot be stored: it waits for something
// while a snapshot is taken, and a field of it has no encoding.
type PayloadError struct {
	Port   string // source or function that sent it
	Reason string // which field
}

// Error implements error.
func (e *PayloadError) Error() string {
	return fmt.Sprintf("sfaas: message of %s cannot be stored: %s", e.Port, e.Reason)
}

// CellError reports a cell that is used or declared wrongly.
type CellError struct {
	Function string // function, if known
	Cell     string // name of the cell
	Reason   string // what is wrong
}

// Error implements error.
func (e *CellError) Error() string {
	return fmt.Sprintf("sfaas: %s: cell %s: %s", e.Function, e.Cell, e.Reason)
}

// OptionError reports an option of a runtime that cannot be.
type OptionError struct {
	Option string // name of the option
	Got    string // what it says
	Want   string // what it may say
}

// Error implements error.
func (e *OptionError) Error() string {
	return fmt.Sprintf("sfaas: %s: %s, want %s", e.Option, e.Got, e.Want)
}

// LifeError refuses a life of a node whose number is not above that of a life which is known
// already: by an engine, or by another runtime. The clock of the node may have been set
// back. It is an [ErrStaleEpoch].
type LifeError struct {
	Node NodeID // whose lives they are
	Life uint32 // the number that is refused
	Last uint32 // the highest one that is known
}

// Error implements error.
func (e *LifeError) Error() string {
	return fmt.Sprintf("sfaas: life %d of node %d, want more than %d, which it has had: its clock may have been set back", e.Life, e.Node, e.Last)
}

// Is reports whether target is [ErrStaleEpoch].
func (e *LifeError) Is(target error) bool { return target == ErrStaleEpoch }

// MovedError says that another runtime owns a unit.
type MovedError struct {
	Unit  Unit   // what was asked for
	Owner NodeID // runtime that owns it, 0 for nobody
	Epoch uint32 // of that owner
}

// Error implements error.
func (e *MovedError) Error() string {
	if e.Owner == 0 {
		return fmt.Sprintf("sfaas: unit %v is owned by nobody (epoch %d)", e.Unit, e.Epoch)
	}
	return fmt.Sprintf("sfaas: unit %v is owned by node %d (epoch %d)", e.Unit, e.Owner, e.Epoch)
}

// KeptError says that a kept unit cannot be claimed here: its records are elsewhere, as
// far as this runtime knows. Nor can one be released, wherever they are. It is an [ErrKept].
type KeptError struct {
	Unit  Unit   // what was claimed, or released
	Owner NodeID // runtime that has its records
	Epoch uint32 // of that owner
}

// Error implements error.
func (e *KeptError) Error() string {
	return fmt.Sprintf("sfaas: unit %v is kept, and its records are at node %d (epoch %d)", e.Unit, e.Owner, e.Epoch)
}

// Unwrap returns ErrKept.
func (e *KeptError) Unwrap() error { return ErrKept }

// UnacknowledgedError says that a runtime was closed while other units had not
// acknowledged messages on edges that promise delivery.
type UnacknowledgedError struct {
	Node     NodeID // runtime that was closed
	Messages int    // that were given up
}

// Error implements error.
func (e *UnacknowledgedError) Error() string {
	return fmt.Sprintf("sfaas: node %d closed with %d messages that were not acknowledged", e.Node, e.Messages)
}

// RootError is the fault of a handler that emitted under another root on an
// edge without a cut: both ends of such an edge are in one unit.
type RootError struct {
	Function string // function that emitted
	Key      Key    // key of the emission
	Root     Key    // root of the input
}

// Error implements error.
func (e *RootError) Error() string {
	return fmt.Sprintf("sfaas: %s: emission under %v, on an edge without a cut from root %v", e.Function, e.Key, e.Root)
}

// SlotError is the fault of a handler that emitted for a slot before that of
// its input.
type SlotError struct {
	Function string // function that emitted
	Got      Slot   // slot of the emission
	Want     Slot   // slot of the input, the first that is allowed
}

// Error implements error.
func (e *SlotError) Error() string {
	return fmt.Sprintf(pkg+"%s: emission for slot %d, want %d or later", e.Function, e.Got, e.Want)
}

// Fault is one failed invocation, as the runtime logs and counts it.
type Fault struct {
	Function string // function that failed
	Key      Key    // key of the invocation
	Slot     Slot   // slot of its input
	Err      error  // a *PanicError, a *SizeError, ErrBlocked, ErrGoexit or the handler's own error
}

// Error implements error.
func (f *Fault) Error() string {
	return fmt.Sprintf(pkg+"%s[%v] slot %d: %s", f.Function, f.Key, f.Slot, f.Cause())
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }
