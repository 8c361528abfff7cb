// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// usage is what a unit had used when it was looked at last.
type usage struct {
	epoch uint32 // counters are of one ownership, and of one life of it
	life  uint64
	slots uint64
	busy  time.Duration
	at    time.Time
	sent  map[int]uint64 // payload bytes by edge
}

// defaultQuantile is that of an SLA which names none.
const defaultQuantile = 0.999

// tailOverMean bounds the quantile of a slot's work by its mean, where that is known in processor
// time: the work of a slot with full allocations is not more than some times the average one.
const tailOverMean = 4

// minSlots is how many slots of a unit have to be known before their quantile is.
const minSlots = 100

// measure looks at what the units of this node take, and tells the agent.
func (n *Node) measure() {
	n.mu.Lock()
	carriers := n.sortedCarriers()
	n.mu.Unlock()
	now, total := time.Now(), 0.0
	for _, c := range carriers {
		spec := c.spec()
		n.meters.look.Lock()
		rows := n.meters.survey(c)
		for i := range rows {
			s := &rows[i]
			if _, ok := s.Unit.Root.ID(spec.Unit); !ok || !s.Owned {
				continue
			}
			row, err := n.row(c, s.Unit)
			if err != nil {
				continue
			}
			before := n.used[row.Unit]
			busy := cmp.Or(s.CPU, s.Busy)
			n.used[row.Unit] = usage{s.Epoch, s.Life, s.Slots, busy, now, sentBy(s)}
			if before.at.IsZero() || before.epoch != s.Epoch || before.life != s.Life || s.Slots <= before.slots {
				continue // one that rests takes nothing
			}
			seconds := now.Sub(before.at).Seconds()
			total += (busy - before.busy).Seconds() / seconds
			row.Columns[unitWork] = float32((busy - before.busy).Microseconds()) / float32(s.Slots-before.slots)
			row.Columns[unitRate] = float32(float64(s.Slots-before.slots) / seconds)
			if s.Work.Count() >= minSlots {
				q := float64(s.Work.Quantile(cmp.Or(spec.SLA.Quantile, defaultQuantile)).Microseconds())
				if s.CPU > 0 {
					// The histogram is of busy time, which whatever else runs on the machine makes
					// longer, and longest in the slots that count here.
					q = min(q, tailOverMean*float64(row.Columns[unitWork]))
				}
				row.Columns[unitQuantile] = float32(q)
			}
			fillLinks(&row, c, s, &before)
			n.mu.Lock()
			row.Columns[unitMode] = float32(n.modes[row.Unit])
			n.mu.Unlock()
			n.post(agent.Event{Kind: agent.Measured, Row: row})
		}
		n.meters.look.Unlock()
	}
	maps.DeleteFunc(n.used, func(_ agent.UnitID, x usage) bool { return x.at != now }) // they have left
	n.busy.Store(int64(total * 1e6))
	if !n.cfg.KeepPlaces {
		n.drop(mail{look: func(a *agent.Agent) {
			v := a.View()
			n.books.settle(sfaas.Now(), &v)
		}})
	}
}

// fillLinks writes into the row of a unit to which others it has sent most, per slot, since it
// was looked at before.
func fillLinks(row *agent.UnitRow, c carrier, s *sfaas.UnitStats, before *usage) {
	type link struct {
		to agent.UnitID
		kb float32
	}
	var all []link
	sent := sentBy(s)
	for _, cut := range c.cuts() {
		if cut.from != s.Unit.Part {
			continue
		}
		bytes := sent[cut.edge] - before.sent[cut.edge]
		kb := float32(bytes) / 1e3 / float32(s.Slots-before.slots)
		all = append(all, link{unitID(row.Deployment, sfaas.Unit{Part: cut.to, Root: s.Unit.Root}), kb})
	}
	slices.SortStableFunc(all, func(a, b link) int { return cmp.Compare(b.kb, a.kb) })
	for i, l := range all[:min(len(all), maxLinks)] {
		k := row.Columns[unitLinks+i*linkColumns:]
		to := linkNumberOf(l.to)
		k[linkLow], k[linkHigh], k[linkKB] = to.low, to.high, l.kb
	}
}

// sentBy returns what a unit has sent, by edge.
func sentBy(s *sfaas.UnitStats) map[int]uint64 {
	if len(s.Edges) == 0 {
		return nil
	}
	sent := make(map[int]uint64, len(s.Edges))
	for _, e := range s.Edges {
		sent[int(e.Edge)] = e.Sent
	}
	return sent
}

// tellResources tells the agent what this node has, and has lent.
func (n *Node) tellResources() {
	_, leases := n.books.lent.Table().Version()
	v := &n.cfg.Resources
	e := agent.Event{Kind: agent.Changed}
	c := &e.Columns
	c[nodeCores], c[nodeMemory] = float32(n.cores()), float32(v.Memory)/1e6
	c[nodeBusy] = float32(n.busy.Load()) / 1e6
	c[nodeUnits] = float32(leases)
	c[nodeSleep], c[nodeIdle], c[nodeMax] = float32(v.Power.SleepWatts), float32(v.Power.IdleWatts), float32(v.Power.BusyWatts)
	if len(v.Accelerators) > 0 {
		a := &v.Accelerators[0]
		c[nodeKind], c[nodeDeviceMemory] = kindNumber(a.Kind), float32(a.Memory)/1e6
		c[nodeDeviceIdle], c[nodeDeviceMax] = float32(a.Power.IdleWatts), float32(a.Power.BusyWatts)
	}
	c[nodeNet] = float32(v.Total().Net) / 1e6
	c[nodeHop] = n.hop.micros()
	if joules := n.joules(); joules.Basis != resource.NoBasis {
		c[nodeEnergy] = float32(joules.Joules / 1e3)
		if joules.Basis == resource.Measured {
			c[nodeMeasured] = 1
		}
	}
	n.mu.Lock()
	for h := range n.carriers {
		e.Deployed |= agent.DeploymentBit(h)
	}
	n.mu.Unlock()
	n.post(e)
}

// joules returns what the node has drawn since it joined: as its counters say where they can
// be read, and otherwise by the model of its power.
func (n *Node) joules() resource.Energy {
	n.mu.Lock()
	defer n.mu.Unlock()
	e, err := n.drawn.Energy(sfaas.Now())
	if err != nil {
		n.log.Debug("placement: energy cannot be read", "sensor", n.drawn.Name(), "err", err)
	}
	return e
}

// cores returns how many processors slots of units are admitted for.
func (n *Node) cores() int {
	if n.cfg.Cores > 0 {
		return n.cfg.Cores
	}
	return int(n.cfg.Resources.Cores() / resource.Whole)
}
