// SPDX-License-Identifier: Apache-2.0

package live

import (
	"testing"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// TestUnknownEffect hands the shell an effect that it does not know, as one is that is
// added to the core and forgotten here: it does not vanish. It is the fourth fault of
// the structure's review, in production; the simulator has a test of the same name.
func TestUnknownEffect(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an effect that nobody knows was swallowed")
		}
	}()
	(&worker{effects: []core.Effect{{Kind: 200}}}).carryOut()
}

// TestAcknowledges asks of every message of a step whether an acknowledgement to the same
// runtime follows. However many messages there are, the effects are searched once for each
// runtime: a node that sends again what it has kept for another one has 10⁵ of them.
func TestAcknowledges(t *testing.T) {
	w := &worker{}
	to := func(kind core.EffectKind, node base.NodeID) core.Effect {
		return core.Effect{Kind: kind, To: core.Endpoint{Node: node}}
	}
	for range 1000 {
		w.effects = append(w.effects, to(core.EffectSend, 2), to(core.EffectSend, 3))
	}
	last := len(w.effects)
	w.effects = append(w.effects, to(core.EffectAck, 2), to(core.EffectSend, 2), to(core.EffectSend, 3))
	for i, e := range w.effects {
		if e.Kind != core.EffectSend {
			continue
		}
		if got, want := w.acknowledges(i, e.To.Node), e.To.Node == 2 && i < last; got != want {
			t.Fatalf("effect %d to node %d: %v, want %v", i, e.To.Node, got, want)
		}
	}
	if len(w.lastAcks) != 2 {
		t.Errorf("the effects were searched %d times, want once for each of 2 runtimes", len(w.lastAcks))
	}
}
