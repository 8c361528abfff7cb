// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
)

// TestAgentThatTakesTooLong lets the runtime give up an agent that thinks for too long, and goes on:
// nobody else touches the agent until it has ended, and then it does what has been asked meanwhile.
func TestAgentThatTakesTooLong(t *testing.T) {
	z := newZone(t, 2)
	n := z.nodes[0]
	begun, end := make(chan struct{}), make(chan struct{})
	var thinks atomic.Bool
	n.drop(mail{look: func(*agent.Agent) {
		thinks.Store(true)
		close(begun)
		<-end
		thinks.Store(false)
	}})
	<-begun
	var met atomic.Bool
	looked := make(chan struct{})
	n.drop(mail{look: func(*agent.Agent) {
		met.Store(thinks.Load())
		close(looked)
	}})
	z.eventually(func() string {
		for _, f := range n.Runtime().Stats() {
			if f.Name == agentFunction && f.Faults > 0 {
				return ""
			}
		}
		return "the runtime has not given up the agent's function"
	})
	time.Sleep(10 * n.cfg.Round) // of ticks and letters, which wake it
	select {
	case <-looked:
		t.Error("somebody else looked at the agent while it was thinking")
	default:
	}
	close(end)
	<-looked
	if met.Load() {
		t.Error("two handlers have had the agent at once")
	}
	if !n.look(func(*agent.Agent) {}) {
		t.Error("the agent does not go on")
	}
}
