// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/neuroran/neuroran/placement/internal/beat"
	"github.com/neuroran/neuroran/sfaas"
)

// neighbour is another node that has the same deployment.
type neighbour struct {
	node sfaas.NodeID
	text string
	at   endpoint
	dial *dialled // nil if the other end dials
	died bool     // guarded by Deployment.mu
}

// neighbour returns what is known of a node, or nil.
func (d *Deployment) neighbour(node sfaas.NodeID) *neighbour {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.others[node]
}

// stand is what a node knows of a unit for which it stands by.
type stand struct {
	owner sfaas.NodeID
	rank  int // among the standbys: 0 claims first
}

// unit implements carrier: it says of what kind a unit is, if it is one that is placed.
func (d *Deployment) unit(root sfaas.Key, part string) (soft bool, err error) {
	if _, ok := root.ID(d.cfg.Unit); !ok || root.Depth() != 1 {
		return false, &sfaas.OptionError{Option: "key of a unit", Got: root.String(), Want: "one level, of the kind that is deployed"}
	}
	if !d.places(part) {
		return false, &sfaas.OptionError{Option: "part of a unit", Got: part, Want: "one that the deployment places"}
	}
	return !d.kept[part], nil
}

func (d *Deployment) name() string        { return d.cfg.Name }
func (d *Deployment) address() string     { return d.at }
func (d *Deployment) build() sfaas.Digest { return buildOf(d.placed) }
func (d *Deployment) spec() Spec          { return d.cfg }

// connect implements carrier. Of two nodes the one with the lower number dials.
func (d *Deployment) connect(node sfaas.NodeID, address string) {
	at, err := parseEndpoint(address)
	if err != nil {
		d.site.log.Warn("placement: a node says where a deployment is, and it cannot be read", "deployment", d.cfg.Name, "node", node, "err", err)
		return
	}
	d.mu.Lock()
	old := d.others[node]
	known := old != nil && old.text == address
	if known || node == d.ctl.ID() {
		d.mu.Unlock()
		return
	}
	x := &neighbour{node: node, text: address, at: at}
	if d.ctl.ID() < node {
		x.dial = newDialled(d.ctx, d.node, at.network, at.address)
	}
	d.others[node] = x
	d.mu.Unlock()
	old.end()
	d.tune()
	if x.dial != nil {
		d.spawn(func() {
			if err := x.dial.dial(); err != nil && x.dial.ctx.Err() == nil {
				d.site.log.Warn("placement: no connection of a deployment", "deployment", d.cfg.Name, "node", node, "err", err)
			}
		})
	}
}

// end ends dialling a node that is gone, or elsewhere.
func (x *neighbour) end() {
	if x != nil && x.dial != nil {
		x.dial.end()
	}
}

// gone implements carrier.
func (d *Deployment) gone(node sfaas.NodeID) {
	d.mu.Lock()
	old := d.others[node]
	delete(d.others, node)
	for u, list := range d.follows {
		d.follows[u] = slices.DeleteFunc(slices.Clone(list), func(n sfaas.NodeID) bool { return n == node })
	}
	d.mu.Unlock()
	old.end() // it is dialled again if it comes back, see Node.attend
	d.tune()
	d.spawn(func() { d.inherit(node) })        // if it has not when it took over
	d.spawn(func() { d.node.Forget(node, 0) }) // and takes over what it owned, see onPeer
}

// own implements carrier. Soft units are claimed, so that their epoch says whose tenure it
// is; a kept unit has its first owner by [sfaas.Runtime.Own].
func (d *Deployment) own(ctx context.Context, u sfaas.Unit, epoch uint32) error {
	soft, err := d.unit(u.Root, u.Part)
	if err != nil {
		return err
	}
	if err := d.warmUp(ctx); err != nil {
		return err
	}
	if soft {
		return d.rt.Claim(u, epoch)
	}
	return d.rt.Own(u)
}

// release implements carrier.
func (d *Deployment) release(u sfaas.Unit, epoch uint32) error { return d.rt.Release(u, epoch) }

// prepare implements carrier: resources are open, what is made on first use is made, and
// the owner is watched.
func (d *Deployment) prepare(ctx context.Context, u sfaas.Unit, owner sfaas.NodeID, rank int) error {
	if soft, err := d.unit(u.Root, u.Part); err != nil {
		return err
	} else if !soft {
		return &sfaas.KeptError{Unit: u, Owner: owner}
	}
	if d.floor.pulse == nil {
		return &sfaas.OptionError{Option: "placement.Spec.SLA.Standbys", Got: "0", Want: "1 or more, where a node is to stand by"}
	}
	if err := d.warmUp(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	_, prepared := d.stands[u]
	d.stands[u] = stand{owner, rank}
	d.mu.Unlock()
	d.tune()
	if prepared {
		return nil
	}
	if err := d.rt.Prepare(u); err != nil {
		d.forgetStand(u)
		return err
	}
	return nil
}

// unprepare implements carrier.
func (d *Deployment) unprepare(u sfaas.Unit) {
	if d.forgetStand(u) {
		_ = d.rt.Unprepare(u)
	}
}

// forgetStand lets a node stand by no more, and reports whether it did.
func (d *Deployment) forgetStand(u sfaas.Unit) bool {
	d.mu.Lock()
	_, stood := d.stands[u]
	delete(d.stands, u)
	d.mu.Unlock()
	if stood {
		d.tune()
	}
	return stood
}

// follow implements carrier: it says, at the owner, who stands by for a unit.
func (d *Deployment) follow(u sfaas.Unit, standbys []sfaas.NodeID) {
	d.mu.Lock()
	if len(standbys) == 0 {
		delete(d.follows, u)
	} else {
		d.follows[u] = slices.Clone(standbys)
	}
	d.mu.Unlock()
	d.turnOf(u).floor.Store(len(standbys) > 0)
	d.tune()
}

// turn takes what a route means for standing by. A unit for which this node stands by
// is watched at its new owner; one that is owned here is not stood by for any more, and
// the one that is not has nobody who follows from here.
func (d *Deployment) turn(r sfaas.Route) {
	d.mu.Lock()
	s, stood := d.stands[r.Unit]
	_, followed := d.follows[r.Unit]
	mine := r.Owner == d.ctl.ID()
	switch {
	case stood && mine:
		delete(d.stands, r.Unit)
	case stood:
		d.stands[r.Unit] = stand{r.Owner, s.rank}
	}
	if followed && !mine {
		delete(d.follows, r.Unit)
	}
	d.mu.Unlock()
	if t := d.gate.of(r.Unit); t != nil && followed && !mine {
		t.floor.Store(false)
	}
	if stood || followed {
		d.tune()
	}
	if stood && mine {
		if claimedBy(r.Epoch) == r.Owner {
			d.event(Event{Kind: Claimed, Node: s.owner, Unit: r.Unit, Epoch: r.Epoch})
		}
		d.spawn(func() { _ = d.rt.Unprepare(r.Unit) }) // its resources are the unit's now
	}
}

// tune tells the thread that beats whom to assure and whom to watch.
func (d *Deployment) tune() {
	if d.floor.pulse == nil {
		return
	}
	d.tuning.Lock()
	defer d.tuning.Unlock()
	var watch []beat.Watched
	var tell, note []netip.AddrPort
	d.mu.Lock()
	for _, s := range d.stands {
		w := beat.Watched{Node: s.owner}
		if x := d.others[s.owner]; x != nil {
			w.At = x.at.beats
		}
		if s.owner != d.ctl.ID() && s.owner != nobody && s.owner != 0 && !slices.Contains(watch, w) {
			watch = append(watch, w)
		}
	}
	for _, list := range d.follows {
		for _, n := range list {
			if x := d.others[n]; x != nil && x.at.beats.IsValid() && !slices.Contains(tell, x.at.beats) {
				tell = append(tell, x.at.beats)
				if x.at.notes.IsValid() {
					note = append(note, x.at.notes)
				}
			}
		}
	}
	d.mu.Unlock()
	d.floor.pulse.Tell(tell)
	d.notes.Tell(note)
	d.floor.pulse.Watch(watch)
}

// warming is a run of what the program has named to warm up.
type warming struct {
	done chan struct{} // closed when it is over
	err  error         // then
}

// warmUp waits for what the program has named to warm up. That runs once, for as long as it
// takes: who waits may give up before, and whoever comes later finds it done. If it fails it
// runs again with the next unit.
func (d *Deployment) warmUp(ctx context.Context) error {
	if d.opts.warm == nil {
		return nil
	}
	d.mu.Lock()
	w := d.warm
	if w == nil {
		w = &warming{done: make(chan struct{})}
		if d.closed {
			d.mu.Unlock()
			return sfaas.ErrClosed
		}
		d.warm = w
		d.wg.Go(func() {
			defer close(w.done)
			if w.err = d.warmNow(d.ctx); w.err != nil {
				d.mu.Lock()
				d.warm = nil
				d.mu.Unlock()
			}
		})
	}
	d.mu.Unlock()
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return fmt.Errorf("warming up: %w", ctx.Err())
	}
}

func (d *Deployment) warmNow(ctx context.Context) error {
	var keys []sfaas.Key
	for i := range uint64(warmKeys) {
		key := sfaas.NewKey(kindWarm, uint64(d.ctl.ID())*warmKeys+i)
		for _, p := range d.app.Parts() {
			u := sfaas.Unit{Part: p.Name, Root: key}
			r := d.route(u)
			if r.Owner == d.ctl.ID() {
				continue // an earlier run has failed
			}
			if d.kept[p.Name] {
				if err := d.rt.Own(u); err != nil {
					return err
				}
			} else if err := d.rt.Claim(u, d.ctl.claimEpoch(r.Epoch)); err != nil {
				return err
			}
		}
		keys = append(keys, key)
	}
	return d.opts.warm(ctx, d.rt, keys)
}

// warmKeys is under how many keys a deployment warms up, so that every worker gets some.
const warmKeys = 16

// kindWarm is the kind of the keys under which a deployment warms up.
const kindWarm = sfaas.Kind(0xfd)

// stats implements carrier.
func (d *Deployment) stats(dst []sfaas.UnitStats) []sfaas.UnitStats {
	return slices.DeleteFunc(d.rt.Units(dst), func(s sfaas.UnitStats) bool {
		_, ok := s.Unit.Root.ID(kindWarm)
		return ok
	})
}

// drained implements carrier.
func (d *Deployment) drained() bool {
	return !slices.ContainsFunc(d.stats(nil), func(s sfaas.UnitStats) bool { return s.Owned && d.places(s.Unit.Part) })
}
