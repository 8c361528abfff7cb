// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"github.com/neuroran/neuroran/sfaas"
)

// metered returns a host that holds what a deployment has under a key to its limits and shares, and
// measures what is promised for it; h itself if there are none.
func (d *Deployment) metered(h sfaas.Host, units []sfaas.Unit) sfaas.Host {
	if d.site.meters == nil {
		return h
	}
	g, err := d.site.meters.of(d, units)
	if err != nil {
		d.site.log.Error("placement: a unit cannot be metered", "deployment", d.cfg.Name, "err", err)
	}
	if g == nil {
		return h
	}
	h = sfaas.Ask(h, func(sfaas.Key) error { return g.gate.Admit(sfaas.Now()) })
	if g.kept == nil {
		return h
	}
	return sfaas.Watch(h,
		func(_ sfaas.Key, slot sfaas.Slot) { g.kept.pushed(slot, sfaas.Now()) },
		func(sfaas.Key, error) { g.kept.missed() })
}

// servedSlot notes that an output of a slot has come out: for the node that has pushed it, which
// measures what was promised.
func (d *Deployment) servedSlot(h *sfaas.Header) {
	m := d.site.meters
	if m == nil || !d.cfg.promises() {
		return
	}
	name, now := promiseName{deploymentHash(d.cfg.Name), h.Key.Root()}, sfaas.Now()
	if h.Node != m.self {
		m.served.note(h.Node, servedSlot{promiseName: name, slot: h.Slot, at: now})
	} else if p := m.served.promise(name); p != nil {
		p.service.Done(h.Slot, now)
	}
}
