// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/resource"
)

// usage is what a unit had used when it was looked at last.
type usage struct {
	epoch uint32 // counters are of one ownership, and of one life of it
	life  uint64
	slots uint64
	busy  time.Duration
	at    time.Time
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
		n.rows = c.stats(n.rows[:0])
		n.observe(c, n.rows)
		for i := range n.rows {
			s := &n.rows[i]
			if _, ok := s.Unit.Root.ID(spec.Unit); !ok || !s.Owned {
				continue
			}
			row, err := n.row(c, s.Unit)
			if err != nil {
				continue
			}
			before := n.used[row.Unit]
			busy := cmp.Or(s.CPU, s.Busy)
			n.used[row.Unit] = usage{s.Epoch, s.Life, s.Slots, busy, now}
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
			n.drop(mail{look: func(*agent.Agent) { n.ledger.measured(row.Unit, &row.Columns) }})
			n.post(agent.Event{Kind: agent.Measured, Row: row})
		}
	}
	n.busy.Store(int64(total * 1e6))
}

// tellResources tells the agent what this node has, and has lent.
func (n *Node) tellResources() {
	var free resource.Need
	n.ledger.table.Free(&free)
	_, leases := n.ledger.table.Version()
	e := agent.Event{Kind: agent.Changed}
	c := &e.Columns
	c[nodeCores] = float32(n.cores())
	c[nodeMemory], c[nodeFree] = float32(n.cfg.Resources.Memory)/1e6, float32(free.Memory)/1e6
	c[nodeBusy] = float32(n.busy.Load()) / 1e6
	c[nodeUnits] = float32(leases)
	p := &n.cfg.Resources.Power
	c[nodeSleep], c[nodeIdle], c[nodeMax] = float32(p.SleepWatts), float32(p.IdleWatts), float32(p.BusyWatts)
	n.mu.Lock()
	for h := range n.carriers {
		e.Deployed |= agent.DeploymentBit(h)
	}
	n.mu.Unlock()
	n.post(e)
}

// cores returns how many processors slots of units are admitted for.
func (n *Node) cores() int {
	if n.cfg.Cores > 0 {
		return n.cfg.Cores
	}
	return int(n.cfg.Resources.Cores() / resource.Whole)
}
