// SPDX-License-Identifier: Apache-2.0

package core

// dirtyLimit is how many instances whose content has changed a core notes before
// it measures them: a hot one is measured once a slot, and nobody waits for many.
const dirtyLimit = 256

// noteChange notes that an instance has other content than before.
//
// Measuring walks over the content of cells, which may be large. Doing that at the end of
// each invocation would make a hot cell's meter cost more than its handler; noted, it is
// measured once for all changes until the next publication.
func (k *Core) noteChange(inst *instance) {
	if inst.dirty {
		return
	}
	inst.dirty = true
	if k.dirty = append(k.dirty, inst); len(k.dirty) >= dirtyLimit {
		k.measureDirty()
	}
}

// measureDirty brings what is known about the content of units up to date.
func (k *Core) measureDirty() {
	for i, inst := range k.dirty {
		k.dirty[i] = nil
		inst.dirty = false
		k.resize(inst, inst.size())
	}
	k.dirty = k.dirty[:0]
}

// resize notes how large the content of an instance is.
func (k *Core) resize(inst *instance, bytes int) {
	inst.unit.resident += bytes - int(inst.bytes)
	inst.bytes = int64(bytes)
}

// size returns the bytes of content in the cells of an instance.
func (i *instance) size() int {
	n := 0
	for _, c := range i.cells {
		n += c.Size()
	}
	return n
}

// unchange forgets that the content of an instance has changed, before its
// memory is somebody else's.
func (k *Core) unchange(inst *instance) {
	if !inst.dirty {
		return
	}
	inst.dirty = false
	for i, x := range k.dirty {
		if x == inst {
			last := len(k.dirty) - 1
			k.dirty[i] = k.dirty[last]
			k.dirty[last] = nil
			k.dirty = k.dirty[:last]
			return
		}
	}
}
