// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

// TestBuilds deploys another build under a name that a member has: it is refused, and both are
// named. When two have been deployed before their nodes have met, each has units of its own, and
// who asks for more room than its nodes have hears why the others take none.
func TestBuilds(t *testing.T) {
	one, other := newSums(t), newSumsOf(t, false, 0) // of the same name, and another graph
	spec := Spec{Unit: sfaas.KindCell}
	both := newZone(t, 2)
	d, err := both.nodes[0].Deploy(one.app, spec)
	if err != nil {
		t.Fatal(err)
	}
	both.eventually(func() string { // it has heard of it
		n := both.nodes[1]
		n.mu.Lock()
		defer n.mu.Unlock()
		if _, ok := n.cards[1].deployment("sums"); !ok {
			return "node 2 has not heard of the deployment at node 1"
		}
		return ""
	})
	var differs *sfaas.DigestError
	if _, err := both.nodes[1].Deploy(other.app, spec); !errors.As(err, &differs) || differs.Got != d.build() || differs.Want == d.build() || differs.Want == 0 {
		t.Errorf("another build: %v, want both digests", err)
	}
	again, err := both.nodes[1].Deploy(one.app, spec)
	if err != nil || again.build() != d.build() {
		t.Errorf("the same build is refused: %v", err)
	}

	var apart [2]zone
	for i := range apart {
		apart[i].t = t
		n := apart[i].join(func(c *Config) { c.Node = sfaas.NodeID(i + 1) })
		app := []*sfaas.App{one.app, other.app}[i]
		if _, err := n.Deploy(app, Spec{Unit: sfaas.KindCell, SLA: SLA{Standbys: 1}}); err != nil {
			t.Fatal(err)
		}
	}
	whole := zone{t: t}
	whole.join(func(c *Config) {
		c.Node = 3
		c.Seeds = []string{apart[0].nodes[0].Address(), apart[1].nodes[0].Address()}
	})
	for i := range apart {
		n := apart[i].nodes[0]
		whole.await(n, 3)
		c := n.carrierNamed("sums").(*Deployment)
		whole.eventually(func() string {
			if err := c.Unit(cell1).Ensure(whole.context()); err == nil || !strings.Contains(err.Error(), "a build of digest") {
				return fmt.Sprintf("node %d: got %v, want no place for a standby, and why", n.ID(), err)
			}
			return ""
		})
	}
}
