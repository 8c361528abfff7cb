// SPDX-License-Identifier: Apache-2.0

package core

import (
	"cmp"
	"log/slog"
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Copy is what the cells of one instance held at one moment, for host code: it shares
// no memory with the instance, so the core goes on while it is looked at.
//
// Host code that reads a cell must not hold up the core, nor see half of an invocation:
// copying between two steps gives it both.
type Copy struct {
	At    base.Address
	Now   base.Time        // moment of the copy
	Decls []*plan.CellDecl // cells that were asked for,
	Cells []plan.CellStore // and their content
}

// NewCopy returns a copy without content.
func NewCopy(at base.Address, now base.Time, decls []*plan.CellDecl) *Copy {
	x := &Copy{At: at, Now: now, Decls: decls}
	for _, d := range decls {
		x.Cells = append(x.Cells, d.Make())
	}
	return x
}

// Copy copies cells of the instance of a function at a key of this core, between two
// steps. It is empty if there is no instance, and [base.ErrMoving] while what the unit has is
// not in this core: it has left and nobody has said that it came, or has come elsewhere in
// this runtime and not here yet.
func (k *Core) Copy(n *plan.Node, key base.Key, decls []*plan.CellDecl, now base.Time) (*Copy, error) {
	if u := k.units[plan.UnitID{Part: n.Part, Root: n.Part.Root(key)}]; u != nil && (u.phase == unitLeft || u.phase == unitAway) {
		return nil, base.ErrMoving
	}
	x := NewCopy(base.Address{Function: n.Fn.Name, Key: key}, now, decls)
	ks := k.keys[key]
	if ks == nil || ks.insts[n.Index] == nil {
		return x, nil
	}
	for i, d := range decls {
		for _, s := range ks.insts[n.Index].cells {
			if s.Head().Decl == d {
				x.Cells[i] = s.Clone()
			}
		}
	}
	return x, nil
}

// KeysOf appends the keys of this core at which cells of a function have content.
//
// The order is that of events; the caller sorts.
func (k *Core) KeysOf(dst []base.Key, n *plan.Node, now base.Time) []base.Key {
	for _, ks := range k.order {
		inst := ks.insts[n.Index]
		if inst != nil && slices.ContainsFunc(inst.cells, func(s plan.CellStore) bool { return s.Live(now) }) {
			dst = append(dst, ks.key)
		}
	}
	return dst
}

// SortKeys puts keys into the order of [base.Key.Compare].
func SortKeys(keys []base.Key) { slices.SortFunc(keys, base.Key.Compare) }

// Look calls a program's code with the copy as the cells of an invocation that can only
// read. What the runtime refuses, such as a cell that is not in the copy, is an error.
func (x *Copy) Look(log *slog.Logger, look func(invocation any) error) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *base.CellError:
			err = r
		case *base.SizeError:
			err = r
		default:
			panic(r) // it is the caller's own
		}
	}()
	// An invocation without a core behind it: it has cells, a key and a clock, and
	// whatever it asks for beyond that is refused.
	lane := &Lane{clock: func() base.Time { return x.Now }, done: make(chan struct{}), loggers: []*slog.Logger{log}}
	c := &Invocation{
		lane: lane, node: &plan.Node{Fn: &plan.Function{Name: x.At.Function, Cells: x.Decls}}, inst: &instance{cells: x.Cells},
		ks: &keyState{key: x.At.Key}, hdr: &base.Header{Key: x.At.Key, Due: base.Never}, now: x.Now, limit: base.Never,
	}
	err = look(c)
	if c.changed || len(c.sends) > 0 {
		err = cmp.Or[error](err, &base.CellError{Function: x.At.Function, Cell: "of " + x.At.Key.String(), Reason: "is only read here: what has been changed or sent is forgotten"})
	}
	return err
}
