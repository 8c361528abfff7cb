// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"sync"
	"sync/atomic"

	"github.com/neuroran/neuroran/sfaas"
)

// served is which outputs have come out here, for who measures what was promised. Outputs come on
// the path of a slot, so nothing is done here while others wait: promises are found without a
// lock, and what other nodes are to be told is appended.
type served struct {
	promises atomic.Pointer[map[promiseName]*promise] // never changed, but replaced

	mu sync.Mutex
	of map[sfaas.NodeID][]servedSlot // slots that others have pushed
}

// promiseName names what a deployment has promised under a key.
type promiseName struct {
	deployment uint32 // hash of its name
	root       sfaas.Key
}

func newServed() *served {
	s := &served{of: map[sfaas.NodeID][]servedSlot{}}
	s.promises.Store(new(map[promiseName]*promise))
	return s
}

// promise returns what is measured of a slot here, nil for nothing.
func (s *served) promise(name promiseName) *promise { return (*s.promises.Load())[name] }

// note notes a slot that another node has pushed; the last ones are left out if it is not told for
// long.
func (s *served) note(node sfaas.NodeID, x servedSlot) {
	s.mu.Lock()
	if all := s.of[node]; len(all) < maxUsageServed {
		s.of[node] = append(all, x)
	}
	s.mu.Unlock()
}

// take returns what a node is to be told, and forgets it.
func (s *served) take(node sfaas.NodeID) []servedSlot {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.of[node]
	delete(s.of, node)
	return all
}

// waits reports whether a node is to be told anything.
func (s *served) waits(node sfaas.NodeID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.of[node]) > 0
}

// keep makes the promises of units those that are looked for; m.mu is held.
func (m *meters) keep() {
	all := map[promiseName]*promise{}
	for name, g := range m.units {
		if g.kept != nil {
			all[promiseName{deploymentHash(name.deployment), name.root}] = g.kept
		}
	}
	m.served.promises.Store(&all)
}
