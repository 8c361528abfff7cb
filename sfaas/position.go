// SPDX-License-Identifier: Apache-2.0

package sfaas

// Position says how far the messages of one source and key have been taken in:
// all of earlier slots, and the first Count of Slot.
type Position struct {
	Slot  Slot   // slot of the last message taken in
	Count uint32 // messages of that slot taken in
}

// Progress is what can tell a [Position]: a [Runtime] or a simulator.
type Progress interface {
	// Pushed returns how far a source has come under a key, false if nothing
	// is known about it.
	Pushed(from SourceRef, key Key) (Position, bool)
}

// Position returns how far the source has come under a key, and false if
// nothing has been pushed there, or so long ago that the key has been
// forgotten. After a [Runtime.Restore] it tells where the cut was: a source
// that can repeat its messages continues behind it.
func (in Input[T]) Position(p Progress, key Key) (Position, bool) {
	return p.Pushed(SourceRef{outlet: in.from}, key)
}

// Pushed implements [Progress].
func (r *Runtime) Pushed(from SourceRef, key Key) (Position, bool) {
	var p Position
	var known bool
	k := r.workerOf(key.KeyGroup())
	done, open := k.call(func() { p, known = k.core.pushed(from, key) })
	if !open {
		return Position{}, false
	}
	select {
	case <-done:
		return p, known
	case <-r.stop:
		return Position{}, false
	}
}

// Pushed implements [Progress].
func (c *Cores) Pushed(from SourceRef, key Key) (Position, bool) {
	return c.List[int(key.KeyGroup())%len(c.List)].pushed(from, key)
}

func (k *Core) pushed(from SourceRef, key Key) (Position, bool) {
	ks := k.keys[key]
	if ks == nil || ks.seqs == nil || from.outlet == nil || from.outlet.id >= len(ks.seqs) {
		return Position{}, false
	}
	s := ks.seqs[from.outlet.id]
	return Position{Slot: s.slot, Count: s.seq + 1}, s.id > 0
}
