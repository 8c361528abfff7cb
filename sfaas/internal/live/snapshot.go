// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"io"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// Restore reads a snapshot into a runtime that has not processed anything yet.
// Its workers stand still meanwhile.
func (r *Runtime) Restore(ctx context.Context, src io.Reader) error {
	self := []*Runtime{r}
	if len(r.linked()) > 1 || r.hasDistant() {
		return base.Errorf("restore: %w", base.ErrLinked)
	}
	if !pause(self) {
		return base.Errorf("restore: %w", base.ErrBusy)
	}
	defer unpause(self)
	resume, err := r.halt(ctx, self)
	if err != nil {
		return base.Errorf("restore: %w", err)
	}
	defer resume()
	return state.Restore(r.cores, src, r.set.Clock(), r.doAt)
}

// Snapshot writes a consistent cut of the runtime and of all that it is linked
// with. It pauses their sources and holds their handlers until nothing is on its
// way, lets all workers stand still while the state is copied, with what waits
// in their lines, and writes after that.
//
// Steps:
//
//  1. Sources of all linked runtimes are refused (pause).
//  2. Handlers are held and workers stand still, until nothing is on its way (halt).
//  3. The cores are read, one after the other, into memory.
//  4. Workers and sources go on.
//  5. Only then is the writer called: a slow disk stops nobody.
func (r *Runtime) Snapshot(ctx context.Context, w io.Writer) error {
	if r.set.OwnSealer && r.app.Sealed() {
		return errors.New("sfaas: snapshot: sealed cells need WithSealer")
	}
	data, err := r.cutState(ctx)
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil {
		return base.Errorf("snapshot: %w", err)
	}
	return nil
}

// cutState encodes the state of all linked runtimes while their workers stand
// still. Sources go on before anything is written.
func (r *Runtime) cutState(ctx context.Context) ([]byte, error) {
	all := r.linked()
	for _, x := range all {
		if x.hasDistant() {
			return nil, base.ErrLinked
		}
	}
	if !pause(all) {
		return nil, base.ErrBusy
	}
	defer unpause(all)
	resume, err := r.halt(ctx, all)
	if err != nil {
		return nil, err
	}
	defer resume()
	var cores []*core.Core
	for _, x := range all {
		cores = append(cores, x.cores.List...)
	}
	// The last size is a good guess: growing a buffer of gigabytes while all stand still
	// would be the longest part.
	data, err := state.AppendSnapshot(make([]byte, 0, r.cut+r.cut/8), r.set.Clock(), cores)
	r.cut = len(data)
	return data, err
}
