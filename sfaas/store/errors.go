// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
)

var (
	// ErrFull is the answer to a record while the disk has no room. Nothing was
	// acknowledged; the record is taken again when there is room.
	ErrFull = errors.New("store: disk is full")
	// ErrFailed is wrapped by the answers to records while the disk refuses to write
	// or to sync. The store opens its files anew, and goes on when it could.
	ErrFailed = errors.New("store: disk failed")
	// ErrOrder is the answer to a record before whose number another one of the same
	// unit, epoch and core is missing: that one was refused, and has to come first.
	ErrOrder = errors.New("store: a record before this one is missing")
	// ErrClosed is the answer to a record after Close.
	ErrClosed = errors.New("store: closed")
	// ErrDamaged is wrapped by every [*DamagedError].
	ErrDamaged = errors.New("store: damaged")
)

// DamagedError says that a file does not hold what was written to it. Nothing of it
// is served.
type DamagedError struct {
	File string // name of the file in the folder of the store; empty if that is not known
	Err  error  // what is wrong with it
}

// Error implements error.
func (e *DamagedError) Error() string {
	if e.File == "" {
		return fmt.Sprintf("%v: %v", ErrDamaged, e.Err)
	}
	return fmt.Sprintf("%v: %s: %v", ErrDamaged, e.File, e.Err)
}

// Unwrap returns [ErrDamaged] and the cause.
func (e *DamagedError) Unwrap() []error { return []error{ErrDamaged, e.Err} }

// unreadable types why Pebble could not open its files: what the operating system did
// not let happen stays as it is, all else is about what the files hold, or lack.
func unreadable(err error) error {
	var system syscall.Errno
	if errors.As(err, &system) && !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrFull) || errors.Is(err, ErrFailed) {
		return err
	}
	if err = damage(err); errors.Is(err, ErrDamaged) {
		return err
	}
	return &DamagedError{Err: err}
}

// damage turns what Pebble says about bytes that are not what they were into a
// [*DamagedError]; other errors stay as they are.
func damage(err error) error {
	var known *DamagedError
	if err == nil || errors.As(err, &known) || !pebble.IsCorruptionError(err) {
		return err
	}
	d := &DamagedError{Err: err}
	if info := pebble.ExtractDataCorruptionInfo(err); info != nil {
		d.File = lastName(info.Path)
	}
	return d
}
