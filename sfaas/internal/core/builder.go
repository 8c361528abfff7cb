// SPDX-License-Identifier: Apache-2.0

package core

import (
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Builder makes images, and the numbers beside them, of what somebody says that
// they consist of. It takes nothing that the machine could not have made: keys and
// messages belong to the unit, edges lead to whom they are said to lead. It changes
// no core; [Cores.Install] does, and a move that has an image.
//
// A Builder is for the goroutine that steps its core.
//
// Why so strict: bytes may come from another build, another machine, or a broken disk. A
// message at the wrong edge would be read as another type; an instance of another unit
// would have two owners. Everything that the machine takes for granted is therefore
// checked here, once, and nowhere after it.
type Builder struct {
	app     *plan.App
	set     *Settings
	lane    *Lane // whose pools get the messages
	now     base.Time
	numbers Numbers
	sources []SourceState
	room    int // for so many of them
	images  []*Image
	byID    map[plan.UnitID]*Image
	unit    *Image // of which we hear now
	recovered
	insts map[instanceID]*instance
}

// instanceID tells the instances of a graph apart.
type instanceID struct {
	node int
	key  base.Key
}

var errNoUnit = errors.New("belongs to no unit")

// NewBuilder returns a builder for a core at a moment, of about so many instances.
func (k *Core) NewBuilder(now base.Time, instances int) *Builder {
	return &Builder{
		app: k.app, set: k.set, lane: k.lane, now: now, room: instances,
		numbers: Numbers{Sources: make([]uint64, len(k.app.Outlets)), Sent: make([]uint64, len(k.app.Nodes))},
		byID:    map[plan.UnitID]*Image{}, insts: make(map[instanceID]*instance, instances),
	}
}

// Images returns the images that have been made, in the order of their units.
func (b *Builder) Images() []*Image { return b.images }

// RaiseCounters says which [Numbers] tokens and batches have reached.
func (b *Builder) RaiseCounters(tokens, batches uint64) error {
	if tokens > tokenCount {
		return base.ErrInvalid
	}
	b.numbers.Tokens, b.numbers.Batches = max(b.numbers.Tokens, tokens), max(b.numbers.Batches, batches)
	return nil
}

// RaiseSource and RaiseSent say which [Numbers] of keys that have been forgotten a
// source and a function have reached.
func (b *Builder) RaiseSource(o *plan.Outlet, n uint64) {
	b.numbers.Sources[o.ID] = max(b.numbers.Sources[o.ID], n)
}

// RaiseSent is described at [Builder.RaiseSource].
func (b *Builder) RaiseSent(n *plan.Node, x uint64) {
	b.numbers.Sent[n.Index] = max(b.numbers.Sent[n.Index], x)
}

// AddSource notes how far a source has come.
func (b *Builder) AddSource(s SourceState) error {
	if !s.From.Source {
		return base.ErrInvalid
	}
	if b.sources == nil {
		b.sources = make([]SourceState, 0, b.room)
	}
	b.sources = append(b.sources, s)
	return nil
}

// Unit begins a unit, or goes on with one of which another core had a share. What
// follows belongs to it.
//
// Epoch and fence are the highest that anybody's share says: shares of cores were written
// one after the other.
func (b *Builder) Unit(id plan.UnitID, epoch uint32, fence base.Slot) error {
	if !id.Part.Valid(id.Root) {
		return fmt.Errorf("%v is no root of part %s", id.Root, id.Part.Name)
	}
	b.unit = b.byID[id]
	if b.unit == nil {
		b.unit = &Image{UnitID: id}
		b.byID[id] = b.unit
		b.images = append(b.images, b.unit)
	}
	b.unit.Epoch, b.unit.Fence = max(b.unit.Epoch, epoch), max(b.unit.Fence, fence)
	return nil
}

// owns returns nil if a function at a key is of the unit.
func (b *Builder) owns(n *plan.Node, key base.Key) error {
	switch u := b.unit; {
	case u == nil:
		return errNoUnit
	case n.Part != u.Part || n.Part.Root(key) != u.Root:
		return fmt.Errorf("%s[%v] is not of unit %v", n.Fn.Name, key, u.Unit())
	}
	return nil
}

// Message returns a message of which the given is true. What it says of itself is
// not checked: who reads it knows what is written.
func (b *Builder) Message(s *MessageState) *Message {
	m := &Message{body: s.Body, pool: b.lane.pools[s.From.ID]}
	m.become(s, b.set, b.now)
	if m.reply.port != 0 {
		m.reply.node = b.set.Node
	}
	return m
}

// Instance returns an instance of the unit, new and with empty cells if need be.
//
// Shares of several cores, or rows of several records, may speak of one instance: it is
// made at the first mention.
func (b *Builder) Instance(n *plan.Node, key base.Key) (Instance, error) {
	if err := b.owns(n, key); err != nil {
		return Instance{}, err
	}
	id := instanceID{n.Index, key}
	inst := b.insts[id]
	if inst == nil {
		inst = newInstance(n)
		inst.ks = newKey(key)
		b.insts[id] = inst
		b.unit.insts = append(b.unit.insts, inst)
	}
	return Instance{inst}, nil
}

// newKey returns what an image knows about a key: its core takes it for that of
// its own. It has no place in a core and no index of a group's last key.
func newKey(key base.Key) *keyState { return &keyState{key: key, group: key.KeyGroup()} }

// SetSent says up to which number it has given to messages and tokens.
func (x Instance) SetSent(n uint64) { x.i.sent = n }

// SetApplied says of which slot control has been applied at a port.
func (x Instance) SetApplied(port int, slot base.Slot) { x.i.rare().applied[port] = mark{slot, true} }

// SetSeen says how far it has come with a producer.
func (x Instance) SetSeen(w Watermark) {
	w.durable = w.Taken
	*x.i.rare().seen.at(w.MarkID) = w
}
