// SPDX-License-Identifier: Apache-2.0

package state

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// An error is
//
//	kind, one byte | content
//
// Those that callers find with errors.As are of a kind of their own, with their fields.
// Any other one is which of the known errors it is, its text, and which errors with a
// kind are within it: so errors.Is and errors.As tell the same on both sides. Of an
// error of a program the text remains.
//
// Why errors have bytes at all: a call from one process to another must fail as one
// within a process does. A program that asks errors.Is(err, sfaas.ErrTimeout) or
// errors.As for a Fault must get the same answer, wherever the callee is.
const (
	errorNone = iota
	errorText
	errorFault
	errorPanic
	errorSize
	errorSlot
	errorRoot
	errorCell
	errorMoved
	errorDigest

	errorDepth = 4 // a fault within an answer, its cause, and one more
	// The stack of a panic helps whoever reads it, and is cut where it helps nobody.
	stackLimit = 64 << 10
)

// known are the errors that keep their identity on the way to another process. New
// ones go to the end.
// The list is a bit set of at most 64: an older reader ignores bits that it does not
// know, and has the text.
var known = [...]error{
	base.ErrBusy, base.ErrClosed, base.ErrNoOutput, base.ErrTimeout, base.ErrStaleEpoch, base.ErrRefused, base.ErrDigest,
	base.ErrSnapshot, base.ErrNotOwner, base.ErrOwned, base.ErrMoving, base.ErrUnlinked, base.ErrKept, base.ErrFence,
	base.ErrFrame, base.ErrSealer, base.ErrBlocked, base.ErrGoexit, base.ErrRecords, base.ErrNotEmpty, base.ErrLinked,
	context.Canceled, context.DeadlineExceeded,
}

// appendError appends an error, nil too.
//
// depth bounds what is written and what is read: an error may wrap errors without end,
// and bytes of others may say that they do.
func appendError(b []byte, err error) []byte { return appendErrorAt(b, err, errorDepth) }

func appendErrorAt(b []byte, err error, depth int) []byte {
	switch e := err.(type) { //nolint:errorlint // what is within it follows below
	case nil:
		return append(b, errorNone)
	case *base.Fault:
		// Too deep for a fault of its own: its text says what is left.
		if depth == 0 {
			break
		}
		b = e.Key.AppendBinary(base.AppendString(append(b, errorFault), e.Function))
		return appendErrorAt(binary.AppendUvarint(b, uint64(e.Slot)), e.Err, depth-1)
	case *base.PanicError:
		b = base.AppendString(append(b, errorPanic), fmt.Sprint(e.Value))
		return base.AppendString(b, e.Stack[:min(len(e.Stack), stackLimit)])
	case *base.SizeError:
		b = binary.AppendVarint(base.AppendString(append(b, errorSize), e.Port), int64(e.Bytes))
		return binary.AppendVarint(b, int64(e.Limit))
	case *base.SlotError:
		b = binary.AppendUvarint(base.AppendString(append(b, errorSlot), e.Function), uint64(e.Got))
		return binary.AppendUvarint(b, uint64(e.Want))
	case *base.RootError:
		return e.Root.AppendBinary(e.Key.AppendBinary(base.AppendString(append(b, errorRoot), e.Function)))
	case *base.CellError:
		b = base.AppendString(base.AppendString(append(b, errorCell), e.Function), e.Cell)
		return base.AppendString(b, e.Reason)
	case *base.MovedError:
		b = e.Unit.Root.AppendBinary(base.AppendString(append(b, errorMoved), e.Unit.Part))
		return binary.AppendUvarint(binary.AppendUvarint(b, uint64(e.Owner)), uint64(e.Epoch))
	case *base.DigestError:
		b = base.AppendString(append(b, errorDigest), e.Of)
		return base.AppendDigest(base.AppendDigest(b, e.Got), e.Want)
	}
	// What has no kind of its own, and a fault too deep: text, identities and what is
	// within.
	return appendText(b, err, depth)
}

// appendText appends an error that has no kind of its own.
func appendText(b []byte, err error, depth int) []byte {
	var is uint64
	for i, x := range known {
		if errors.Is(err, x) {
			is |= 1 << i
		}
	}
	b = base.AppendString(binary.AppendUvarint(append(b, errorText), is), err.Error())
	var within []error
	if depth > 0 {
		// What is found by errors.As is written beside the text, so that it is found at
		// the other end too.
		within = typedWithin(err)
	}
	b = append(b, byte(len(within)))
	for _, x := range within {
		b = appendErrorAt(b, x, depth-1)
	}
	return b
}

// typedWithin returns the first error of each kind that an error wraps.
//
// One of each kind is enough: errors.As finds the first.
func typedWithin(err error) (all []error) {
	all = appendAs[*base.Fault](all, err)
	all = appendAs[*base.PanicError](all, err)
	all = appendAs[*base.SizeError](all, err)
	all = appendAs[*base.SlotError](all, err)
	all = appendAs[*base.RootError](all, err)
	all = appendAs[*base.CellError](all, err)
	all = appendAs[*base.MovedError](all, err)
	return appendAs[*base.DigestError](all, err)
}

// appendAs appends what errors.As finds of one type.
func appendAs[E error](all []error, err error) []error {
	if e := *new(E); errors.As(err, &e) {
		return append(all, e)
	}
	return all
}

// readError is the inverse of appendError.
//
// It allocates no more than the bytes hold: every text is bounded by the frame.
func readError(r *base.Reader) error { return readErrorAt(r, errorDepth) }

func readErrorAt(r *base.Reader, depth int) (err error) {
	switch r.Byte() {
	case errorNone:
		return nil
	case errorText:
		return readText(r, depth)
	case errorFault:
		if depth == 0 {
			r.Fail(base.ErrInvalid)
			return nil
		}
		// A fault without a cause cannot have been written.
		f := &base.Fault{Function: r.Text(), Key: r.Key(), Slot: base.Slot(r.Uint())}
		if f.Err = readErrorAt(r, depth-1); f.Err == nil {
			r.Fail(base.ErrInvalid)
		}
		return f
	case errorPanic:
		return &base.PanicError{Value: r.Text(), Stack: r.Text()}
	case errorSize:
		return &base.SizeError{Port: r.Text(), Bytes: int(r.Int()), Limit: int(r.Int())}
	case errorSlot:
		return &base.SlotError{Function: r.Text(), Got: base.Slot(r.Uint()), Want: base.Slot(r.Uint())}
	case errorRoot:
		return &base.RootError{Function: r.Text(), Key: r.Key(), Root: r.Key()}
	case errorCell:
		return &base.CellError{Function: r.Text(), Cell: r.Text(), Reason: r.Text()}
	case errorMoved:
		return &base.MovedError{Unit: base.Unit{Part: r.Text(), Root: r.Key()}, Owner: base.NodeID(r.Uint16()), Epoch: r.Uint32()}
	case errorDigest:
		return &base.DigestError{Of: r.Text(), Got: r.Digest(), Want: r.Digest()}
	}
	r.Fail(base.ErrInvalid)
	return nil
}

// readText is the inverse of appendText. A known error that was not wrapped is itself.
//
// A sentinel must be the sentinel itself where it was not wrapped, since programs compare
// with == too.
func readText(r *base.Reader, depth int) error {
	is, text, within := r.Uint(), r.Text(), int(r.Byte())
	if within > 0 && depth == 0 {
		r.Fail(base.ErrInvalid)
		return nil
	}
	e := &distantError{text: text}
	for i, x := range known {
		if is&(1<<i) != 0 {
			// Unwrapped, it is the sentinel; wrapped, it is an error that has the
			// sentinel within.
			if text == x.Error() {
				e.self = x
			}
			e.is = append(e.is, x)
		}
	}
	for ; within > 0 && r.Err == nil; within-- {
		if x := readErrorAt(r, depth-1); x != nil {
			e.is = append(e.is, x)
		}
	}
	if e.self != nil {
		return e.self
	}
	return e
}

// appendSavedError appends the outcome of a call to a snapshot.
//
// The error is a text within a text, so that a reader which knows no kinds still reads
// the record.
func appendSavedError(b []byte, err error) []byte {
	if err == nil {
		return base.AppendString(b, "")
	}
	return base.AppendString(b, string(appendError(nil, err)))
}

// readSavedError reads the outcome of a call from a snapshot: an error, or, as snapshots
// had it before errors had kinds, a text.
func readSavedError(r *base.Reader) error {
	text := r.Text()
	switch {
	case text == "":
		return nil
	// A text of the first form: the byte of a kind is below every letter.
	case text[0] > errorDigest: // no text begins with such a byte
		for _, x := range known {
			if text == x.Error() {
				return x
			}
		}
		return &distantError{text: text}
	}
	inner := &base.Reader{Src: []byte(text)}
	err := readError(inner)
	if e := inner.End(); e != nil {
		r.Fail(e)
	}
	return err
}

// distantError is an error of another process, or of an earlier life: it has the text,
// and is what of the errors above it was.
type distantError struct {
	text string
	is   []error
	self error // the known one that it was itself
}

// Error implements error.
func (e *distantError) Error() string { return e.text }

// Unwrap returns what it was.
func (e *distantError) Unwrap() []error { return e.is }
