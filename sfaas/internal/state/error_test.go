// SPDX-License-Identifier: Apache-2.0

package state

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// TestErrorsTravel lets every kind of error go over bytes, as it is, as the cause of a
// fault, and within other errors: text and fields are the same on the other side, and
// so is what it is.
func TestErrorsTravel(t *testing.T) {
	key := base.NewKey(base.KindCell, 7).Child(base.KindUser, 3)
	own := errors.New("the program's own")
	typed := []error{
		&base.PanicError{Value: "index", Stack: "here"}, &base.SizeError{Port: "p", Bytes: 9, Limit: 8},
		&base.SlotError{Function: "f", Got: 3, Want: 4}, &base.RootError{Function: "f", Key: key, Root: base.NewKey(base.KindCell, 7)},
		&base.CellError{Function: "f", Cell: "c", Reason: "r"}, &base.MovedError{Unit: base.Unit{Part: "p", Root: key}, Owner: 3, Epoch: 9},
		&base.DigestError{Of: "part p", Got: base.Digest(1), Want: base.Digest(2)},
	}
	all := append([]error{nil, own}, typed...)
	for _, e := range append(typed, append(known[:], own)...) {
		all = append(all, &base.Fault{Function: "f", Key: key, Slot: 5, Err: e}, base.Errorf("move: %w", e), fmt.Errorf("%w, %w", &base.Fault{Function: "g", Err: e}, own))
	}
	for _, err := range append(all, known[:]...) {
		for name, carry := range map[string]func() (error, error){
			"frame": func() (error, error) {
				r := &base.Reader{Src: appendError(nil, err)}
				return readError(r), r.End()
			},
			"snapshot": func() (error, error) {
				r := &base.Reader{Src: appendSavedError(nil, err)}
				return readSavedError(r), r.End()
			},
		} {
			got, wrong := carry()
			if wrong != nil {
				t.Errorf("%s of %v: %v", name, err, wrong)
				continue
			}
			if fmt.Sprint(got) != fmt.Sprint(err) {
				t.Errorf("%s: %q, want %q", name, got, err)
			}
			for _, x := range known {
				if errors.Is(got, x) != errors.Is(err, x) {
					t.Errorf("%s of %q is %q: %v", name, err, x, errors.Is(got, x))
				}
			}
			if g, w := typedWithin(got), typedWithin(err); len(g) != len(w) {
				t.Errorf("%s of %q has %d errors with a kind, want %d", name, err, len(g), len(w))
			}
			if w := typedWithin(err); len(w) > 0 && w[0] == err && reflect.TypeOf(got) != reflect.TypeOf(err) {
				t.Errorf("%s of %T: %T", name, err, got)
			}
		}
	}
	r := &base.Reader{Src: base.AppendString(nil, base.ErrTimeout.Error())} // as snapshots had it
	if err := readSavedError(r); !errors.Is(err, base.ErrTimeout) || err != base.ErrTimeout {
		t.Error(err)
	}
	deep := error(own)
	for range 10 {
		deep = &base.Fault{Function: "f", Err: deep}
	}
	if r = (&base.Reader{Src: appendError(nil, deep)}); readError(r).Error() != deep.Error() || r.End() != nil {
		t.Errorf("%v, %v", deep, r.End())
	}
	if r = (&base.Reader{Src: appendError(nil, context.Canceled)}); readError(r) != context.Canceled {
		t.Error("a known error is not itself")
	}
}
