// SPDX-License-Identifier: Apache-2.0

package tape

import (
	"io"
	"slices"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/tensor/ipc"
)

// Tape is a file that a [Recorder] has written, or another program in its form. One
// goroutine may use a Tape at a time.
type Tape[M any] struct {
	r     *ipc.Reader[row[M]]
	row   row[M]
	rows  map[sfaas.Slot][]int
	slots []sfaas.Slot
}

// Open reads the whole file once, to check it and to know which rows are of which slot.
// It returns the errors of [ipc.NewReader] and [ipc.Reader.Read].
func Open[M any](r io.ReaderAt, size int64) (*Tape[M], error) {
	x, err := ipc.NewReader[row[M]](r, size)
	if err != nil {
		return nil, err
	}
	t := &Tape[M]{r: x, rows: map[sfaas.Slot][]int{}}
	for i := range x.Len() {
		if err := x.Read(i, &t.row); err != nil {
			return nil, err
		}
		n := t.row.Slot
		if t.rows[n] == nil {
			t.slots = append(t.slots, n)
		}
		t.rows[n] = append(t.rows[n], i)
	}
	slices.Sort(t.slots)
	return t, nil
}

// Len returns the number of messages.
func (t *Tape[M]) Len() int { return t.r.Len() }

// Slots returns the slots of which there are messages, in rising order; the caller must
// not change them.
func (t *Tape[M]) Slots() []sfaas.Slot { return t.slots }

// Play pushes the messages of a slot into a source, under their keys and in their
// order. Prepare, which may be nil, changes each before. It returns how many have been
// pushed; after an error, such as [sfaas.ErrBusy], it goes on where it was when it is
// called with that number as from.
func (t *Tape[M]) Play(h sfaas.Host, in sfaas.Input[M], slot sfaas.Slot, from int, prepare func(*M)) (int, error) {
	return t.Read(slot, from, func(key sfaas.Key, m *M) error {
		if prepare != nil {
			prepare(m)
		}
		return in.PushValue(h, key, slot, m)
	})
}

// Read calls f with the messages of a slot, in their order, from the given number on; they
// are valid until f returns. It returns how many f has taken, and the error of f, or of the
// file, at the next one.
func (t *Tape[M]) Read(slot sfaas.Slot, from int, f func(key sfaas.Key, m *M) error) (int, error) {
	rows := t.rows[slot]
	for ; from < len(rows); from++ {
		if err := t.r.Read(rows[from], &t.row); err != nil {
			return from, err
		}
		if err := f(t.row.key(), &t.row.Message); err != nil {
			return from, err
		}
	}
	return from, nil
}
