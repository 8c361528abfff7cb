// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/neuroran/neuroran/placement"
	"github.com/neuroran/neuroran/sfaas"
)

// What happens from the loss of an owner to the next block, in order, and how long each step
// takes. Processes have clocks of their own; what they tell each other is the time of day.
//
//	notice   at the standby: the kernel has ended the life line, or beats are missed
//	verdict  nobody listens at the owner's address any more; a silent one is asked
//	claim    the standby owns the cell
//	route    the ingress knows that
//	push     the slot is due whose block comes first
//	sent     and has left
//	block    it is there, and its CRC holds
var stepNames = [...]string{"notice", "verdict", "claim", "route", "push", "sent", "block"}

// steps is when each of them was; the zero time stands for one that was not there.
type steps [len(stepNames)]time.Time

// stage is how long one of them takes after the one before it.
type stage struct {
	Step string `json:"step"`
	quantiles
}

// stages turns the steps of several losses into the time that each step takes.
func stages(all []loss) (table []stage) {
	for i, name := range stepNames {
		var took []time.Duration
		for k := range all {
			path, before := &all[k].path, all[k].begin
			if path[i].IsZero() {
				continue
			}
			for _, at := range path[:i] {
				if !at.IsZero() {
					before = at
				}
			}
			took = append(took, path[i].Sub(before))
		}
		if len(took) > 0 {
			table = append(table, stage{name, quantilesOf(took)})
		}
	}
	return table
}

// wall returns the time of day of a moment of this process.
func wall(t sfaas.Time) time.Time { return time.Now().Add(-sfaas.Now().Sub(t)) }

// entry is an event of another process.
type entry struct {
	Kind      string
	At, Since time.Time
	Epoch     uint32
}

// diary is what has happened in this process since somebody has asked last.
type diary struct {
	mu  sync.Mutex
	all []entry
}

func (d *diary) note(e placement.Event) {
	x := entry{Kind: e.Kind.String(), At: wall(e.At), Epoch: e.Epoch}
	if e.Since != 0 {
		x.Since = wall(e.Since)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, x)
}

func (d *diary) take() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	b, _ := json.Marshal(d.all)
	d.all = nil
	return string(b)
}

// events asks another process what has happened there.
func (o *other) events() (all []entry, err error) {
	text, err := o.ask("events")
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal([]byte(text), &all)
}

// path puts together what happened on both sides until a slot gave the first block of a new
// owner.
func (g *ingress) path(claimant *other, lost time.Time, slot int) (x steps, err error) {
	all, err := claimant.events()
	if err != nil {
		return x, err
	}
	epoch := uint32(0)
	for _, e := range all {
		switch {
		case e.At.Before(lost):
		case e.Kind == placement.Died.String() && x[0].IsZero():
			x[0], x[1] = e.Since, e.At
		case e.Kind == placement.Suspected.String() && x[0].IsZero():
			x[0] = e.At
		case e.Kind == placement.Claimed.String() && epoch == 0:
			x[2], epoch = e.At, e.Epoch
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if at, ok := g.turns[epoch]; ok {
		x[3] = wall(at)
	}
	s := &g.slots[slot]
	x[4], x[5], x[6] = wall(s.pushed), wall(s.sent), wall(s.first)
	return x, nil
}
