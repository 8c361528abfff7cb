// SPDX-License-Identifier: Apache-2.0

package world

import (
	"errors"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

var errDrawn = errors.New("the seed wants this invocation to fail")

// begin checks what a consumer takes. It returns an error for an invocation that is
// to fail: the first one of some messages, which are tried again where the edge
// promises, and are given up otherwise.
func (r *run) begin(consumer int, t *token) error {
	if r.cfg.Faults && hash(r.cfg.Seed, uint64(consumer), uint64(t.Stream), uint64(t.N))%64 == 0 {
		a := attempt{consumer, t.Stream, t.N}
		promises := r.p.path(r.ledger.streams[t.Stream].outlet, consumer).edge != sfaas.AtMostOnce
		if !promises {
			r.ledger.take(consumer, t, r.m.now())
		}
		if r.ledger.failed[a]++; !promises || r.ledger.failed[a] == 1 {
			if t.N%2 == 0 {
				panic(errDrawn)
			}
			return errDrawn
		}
	}
	r.ledger.take(consumer, t, r.m.now())
	return nil
}

// count counts tokens in the cell of a function and compares it with what the ledger
// makes of the same tokens.
func (r *run) count(c *sfaas.Ctx, f *fn, cell sfaas.Value[counter], tokens ...*token) (key int, i *instance) {
	key = r.p.index[c.Key()]
	i = r.ledger.instance(f.id, key)
	r.hot = f.id*len(r.p.keys) + key
	has := cell.Mut(c)
	if *has != i.counter {
		r.violate(State, "%v holds %d tokens, took %d (sums %x, %x)", c.Self(), has.Count, i.Count, has.Sum, i.Sum)
		i.counter = *has
	}
	for _, t := range tokens {
		i.add(t)
	}
	*has = i.counter
	return key, i
}

// patience is by how much an answer may come after the timeout of its call.
const patience = time.Second

// replied takes the answer to a call: there is one, in time.
func (r *run) replied(f *fn, c *sfaas.Ctx, x sfaas.Reply[token]) {
	id := call{f.id, r.p.index[c.Key()], x.Token}
	deadline, ok := r.ledger.calls[id]
	switch {
	case !ok:
		r.violate(Reply, "%v got a second answer to call %d, or one to none (%v)", c.Self(), x.Token, x.Err)
	case r.m.now() > deadline.Add(patience+r.outage):
		r.violate(Endless, "%v was answered %v after its timeout", c.Self(), r.m.now().Sub(deadline))
	}
	delete(r.ledger.calls, id)
}
