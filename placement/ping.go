// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// What a message to another node takes is measured by messages as all others are: once in a
// while a node asks one of those that it is connected with, whose agent answers at once. Half
// of the time until then is a hop, as a planner counts it.

// hop is how long messages to other nodes take.
type hop struct {
	mu    sync.Mutex
	asked sfaas.Time // when the question was sent that waits for its answer; 0 for none
	of    sfaas.NodeID
	mean  float64 // microseconds, of which the past fades
}

// hopMemory is over how many answers the mean is taken.
const hopMemory = 8

// micros returns the mean; 0 if nobody has answered yet.
func (h *hop) micros() float32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return float32(h.mean)
}

// ask notes that a question goes to a node.
func (h *hop) ask(of sfaas.NodeID, now sfaas.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked, h.of = now, of
}

// answered takes in the answer to the question that was sent at a moment. One that nobody waits
// for says nothing.
func (h *hop) answered(by sfaas.NodeID, asked, now sfaas.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.asked == 0 || asked != h.asked || by != h.of {
		return
	}
	h.asked = 0
	took := float64(now.Sub(asked)) / float64(2*time.Microsecond)
	if h.mean == 0 {
		h.mean = took
	}
	h.mean += (took - h.mean) / hopMemory
}

// ping asks a node that this one is connected with.
func (n *Node) ping() {
	n.mu.Lock()
	to := n.sortedLinks()
	n.mu.Unlock()
	if len(to) == 0 {
		return
	}
	now, of := sfaas.Now(), to[rand.IntN(len(to))]
	n.hop.ask(of, now)
	_ = n.push(of, classPing, binary.LittleEndian.AppendUint64(nil, uint64(now))) // one that is lost has no answer
}

// readPing answers a question, or takes in an answer.
func (n *Node) readPing(c *sfaas.Ctx, in *envelope) {
	from := c.Header().Node
	if len(in.Data) != 8 || from == n.id {
		return
	}
	if in.Class == classPong {
		n.hop.answered(from, sfaas.Time(binary.LittleEndian.Uint64(in.Data)), sfaas.Now())
		return
	}
	m := n.agents.Send(c, nodeKey(from))
	m.Class, m.Data = classPong, append(m.Data[:0], in.Data...)
}
