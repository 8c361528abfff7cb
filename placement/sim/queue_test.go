// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

// TestQueueIsInOrder pushes and pops events at random; of those at one moment the older one
// comes first.
func TestQueueIsInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var q queue
	var order uint64
	now := event{}
	for range 20000 {
		if len(q) == 0 || random.IntN(5) < 3 && len(q) < 500 {
			order++
			q.push(event{at: now.at + sfaas.Time(random.IntN(50)), order: order})
			continue
		}
		least := q[0]
		for i := range q {
			if q[i].before(&least) {
				least = q[i]
			}
		}
		e := q.pop()
		if e.order != least.order || e.before(&now) && e.at < now.at {
			t.Fatalf("got the event of %d, number %d, want that of %d, number %d", e.at, e.order, least.at, least.order)
		}
		now = e
	}
}
