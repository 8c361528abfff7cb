// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"
	"log/slog"

	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Read looks into the cells of a function under a key while the runtime runs. Between two
// invocations of that key its worker copies the cells that are named, all of the function
// if none is; so they belong to one moment, which is that of [Ctx.Now]. After that look is
// called, on the caller's goroutine, with a context from which the cells are read as in a
// handler; its error is that of Read.
//
//	err := rt.Read(ctx, Sum, key, func(c *sfaas.Ctx) error {
//		total, _ = sums.Get(c)
//		return nil
//	}, sums)
//
// Cells of a key that has never been used are empty. A look that changes a cell, sends, or
// uses a cell that is not there gets a [*CellError], and changes nothing. Read returns a
// [*MovedError] if another runtime owns the unit of the key, [ErrMoving] while it is between
// two owners, a [*WiringError] if the graph does not have the function, [ErrClosed], or the
// error of ctx. The worker is kept from its slots for as long as the copy takes: name cells
// where others are large.
func (r *Runtime) Read(ctx context.Context, f Function, key Key, look func(c *Ctx) error, cells ...Declared) error {
	if err := canLook(f, look); err != nil {
		return err
	}
	n, err := r.app.node(f)
	if err != nil {
		return err
	}
	decls, err := cellsOf(n.Fn, cells)
	if err != nil {
		return err
	}
	x, err := r.rt.Copy(ctx, n, key, decls)
	if err != nil {
		return err
	}
	return lookAt(x, look)
}

// Keys returns the keys under which cells of a function have content in this runtime, in
// the order of [Key.Compare]. Each worker tells its own between two invocations, one after
// the other: of keys that come or go meanwhile some are told. It returns a [*WiringError]
// if the graph does not have the function, [ErrClosed], or the error of ctx.
func (r *Runtime) Keys(ctx context.Context, f Function) ([]Key, error) {
	if f == nil {
		return nil, &OptionError{Option: "Keys", Got: "nil", Want: "a function"}
	}
	n, err := r.app.node(f)
	if err != nil {
		return nil, err
	}
	return r.rt.Keys(ctx, n)
}

// node returns the node of a function of the app.
func (a *App) node(f Function) (*plan.Node, error) {
	n := a.plan.ByName[f.Name()]
	if n == nil || n.Fn != f.function() {
		return nil, a.unknown(f.Name())
	}
	return n, nil
}

// cellsOf returns the declarations of the cells of f that are named, all if none is.
func cellsOf(f *plan.Function, named []Declared) ([]*plan.CellDecl, error) {
	if len(named) == 0 {
		return f.Cells, nil
	}
	var of plan.Function
	if declare(&of, named); len(of.Flaws) > 0 {
		return nil, &CellError{Function: f.Name, Reason: of.Flaws[0]}
	}
	for _, d := range of.Cells {
		if !f.Has(d) {
			return nil, &CellError{Function: f.Name, Cell: d.Name, Reason: "is not declared"}
		}
	}
	return of.Cells, nil
}

// canLook returns an error if there is no function, or nothing that looks at its cells.
func canLook(f Function, look func(c *Ctx) error) error {
	switch {
	case f == nil:
		return &OptionError{Option: "Read", Got: "nil", Want: "a function"}
	case look == nil:
		return &OptionError{Option: "Read", Got: "nil", Want: "what looks at cells"}
	}
	return nil
}

// lookAt lets a program look at a copy of cells.
func lookAt(x *core.Copy, look func(c *Ctx) error) error {
	return x.Look(slog.Default(), func(invocation any) error { return look(ctxOf(invocation)) })
}
