// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"cmp"
	"encoding/binary"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// kept returns a disk with the records of a gallery in which something waits at every
// place.
func kept(t testing.TB) *sim.Disk {
	t.Helper()
	d := sim.NewDisk(0)
	x := newGallery(t, sfaas.WithEngine(d), sfaas.WithDefaultOwner(2, "far", "distant"))
	x.fill()
	x.pass(10 * time.Millisecond) // what no commit waits for is recorded too
	return d
}

func (x *gallery) recover(e core.Engine) error {
	return state.Recover(x.cores, x.rec, e, x.now, func(i int, eff []core.Effect) { x.carryOut(i, eff) })
}

// TestRecoverGallery recovers a gallery with other numbers of workers, and lets come what
// the others wait for: what edges promise is there, though its process is gone.
func TestRecoverGallery(t *testing.T) {
	for _, workers := range []int{1, 2, 3} {
		d := kept(t)
		x := newGallery(t, sfaas.WithEngine(d), sfaas.WithWorkers(workers), sfaas.WithIncarnation(8))
		if err := x.recover(d); err != nil {
			t.Fatal(err)
		}
		x.finish()
		for what, n := range map[string]uint64{"distant cell8": 11, "pair cell3": 90, "pair cell4": 160, "gated cell2": 1009} {
			if x.out[what] != n {
				t.Errorf("%d workers: %s: %d, want %d", workers, what, x.out[what], n)
			}
		}
		if x.out["gated cell1"] == 0 { // what it makes depends on volatile content, which is gone
			t.Errorf("%d workers: nothing that waited for its grant has run", workers)
		}
	}
}

// bytesEngine is an engine whose rows are bytes: each has the number of its unit, and
// its key and value with their lengths.
type bytesEngine struct {
	units []sfaas.Unit
	data  []byte
	epoch uint32 // of all units; 0 stands for 3
}

func (*bytesEngine) Keeps() bool                             { return true }
func (*bytesEngine) Commit(_ *core.Record, done func(error)) { done(nil) }

// Load implements core.Engine.
func (e *bytesEngine) Load(unit func(sfaas.Unit, uint32, iter.Seq2[[]byte, []byte]) error) error {
	for i, u := range e.units {
		rows := func(yield func([]byte, []byte) bool) {
			for b := e.data; len(b) > 5; {
				at, k, v := int(b[0]), int(binary.LittleEndian.Uint16(b[1:])), int(binary.LittleEndian.Uint16(b[3:]))
				b = b[5:]
				if k+v > len(b) {
					return
				}
				if at == i && !yield(b[:k], b[k:k+v]) {
					return
				}
				b = b[k+v:]
			}
		}
		if err := unit(u, cmp.Or(e.epoch, 3), rows); err != nil {
			return err
		}
	}
	return nil
}

// dumped returns the rows of a disk as bytes, and its units.
func dumped(t testing.TB, d *sim.Disk) (e bytesEngine) {
	t.Helper()
	err := d.Load(func(u sfaas.Unit, _ uint32, rows iter.Seq2[[]byte, []byte]) error {
		for k, v := range rows {
			e.data = row(e.data, len(e.units), core.Write{Key: k, Value: v})
		}
		e.units = append(e.units, u)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// row appends a row of a unit of [bytesEngine].
func row(b []byte, unit int, w core.Write) []byte {
	b = binary.LittleEndian.AppendUint16(append(b, byte(unit)), uint16(len(w.Key)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(w.Value)))
	return append(append(b, w.Key...), w.Value...)
}

// handed returns the rows of a store all of whose units are on their way, and promises.
func handed(t testing.TB, e *bytesEngine, state core.HandState) (b []byte) {
	rec := newGallery(t, sfaas.WithEngine(sim.NewDisk(0))).rec
	var promises []byte
	for i, u := range e.units {
		if i == 0 {
			continue // the runtime itself
		}
		b = row(b, i, rec.Hand(nil, core.Hand{State: state, Node: 2, Epoch: 4, Move: uint64(i)})[0])
		promises = row(promises, 0, rec.Promise(nil, u, uint32(i))[0])
	}
	return append(append(b, e.data...), promises...)
}

// TestRecoverHanded recovers a store whose units are on their way: they are not served,
// though all else of them is there.
func TestRecoverHanded(t *testing.T) {
	e := dumped(t, kept(t))
	for state := core.HandLeaving; state <= core.HandGone; state++ {
		x := newGallery(t, sfaas.WithEngine(sim.NewDisk(0)), sfaas.WithIncarnation(8))
		rows := e
		if rows.data = handed(t, &e, state); state == core.HandLeaving {
			rows.epoch = 4 // known here: it stays after all
		}
		if err := x.recover(&rows); err == nil {
			x.run()
			delete(x.out, "distant cell8") // of a unit that has no rows, and what is kept for it
		} else {
			t.Errorf("%d: %v", state, err)
		}
		if served := len(x.out) > 0; served != (state == core.HandLeaving) {
			t.Errorf("%d: served: %v, %v", state, served, x.out)
		}
	}
	x := newGallery(t, sfaas.WithEngine(sim.NewDisk(0)), sfaas.WithIncarnation(8))
	rows := e
	rows.data = handed(t, &e, core.HandLeaving)
	if err := x.recover(&rows); err != nil {
		t.Fatal(err)
	}
	x.run()
	if delete(x.out, "distant cell8"); len(x.out) > 0 {
		t.Errorf("an intent is not heeded: %v", x.out)
	}
}

// FuzzRecover lets no rows panic or hang, and lets no core change that refuses them.
func FuzzRecover(f *testing.F) {
	e := dumped(f, kept(f))
	f.Add(e.data)
	for i := 0; i < len(e.data); i += 97 { // rows of all kinds, with something missing before
		f.Add(e.data[i:])
	}
	for state := core.HandLeaving; state <= core.HandGone; state++ {
		f.Add(handed(f, &e, state))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		x := newGallery(t, sfaas.WithEngine(sim.NewDisk(0)), sfaas.WithIncarnation(8))
		if err := x.recover(&bytesEngine{units: e.units, data: data}); err != nil {
			if !errors.Is(err, sfaas.ErrRecords) {
				t.Error(err)
			}
			if err := x.cores.Fresh(); err != nil {
				t.Errorf("refused, and yet: %v", err)
			}
			return
		}
		x.run()
	})
}

// TestRowsDamaged changes every byte of the rows of a store in turn: the recovery
// returns an error or goes on, and never panics.
func TestRowsDamaged(t *testing.T) {
	e := dumped(t, kept(t))
	refused := 0
	for i := range e.data {
		if testing.Short() && i%7 > 0 {
			continue
		}
		data := append([]byte(nil), e.data...)
		data[i] ^= 0x41
		x := newGallery(t, sfaas.WithEngine(sim.NewDisk(0)), sfaas.WithIncarnation(8))
		if err := x.recover(&bytesEngine{units: e.units, data: data}); err != nil {
			refused++
			continue
		}
		x.run()
	}
	t.Logf("%d of %d refused", refused, len(e.data))
}
