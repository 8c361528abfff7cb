// SPDX-License-Identifier: Apache-2.0

package world

import (
	"errors"
	"runtime"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

var errDrawn = errors.New("the seed wants this invocation to fail")

// attempts is how often an invocation is tried on an edge that promises.
const attempts = 4

// begin checks what a consumer takes. It returns an error, or does not return, for an
// invocation that is to fail. On an edge that promises, some messages fail once, and
// some for ever where there is a dead-letter edge; on others they are given up.
func (r *run) begin(consumer int, t *token) error {
	mix := uint64(1)
	if r.cfg.Faults {
		mix = hash(r.cfg.Seed, uint64(consumer), uint64(t.Stream), uint64(t.N)) % 64
	}
	a := attempt{consumer, t.Stream, t.N}
	promises := r.p.path(r.ledger.streams[t.Stream].outlet, consumer).edge != sfaas.AtMostOnce
	switch {
	case mix == 0 && !promises:
		r.ledger.take(consumer, t, r.m.now())
		return r.fail(consumer, t)
	case mix == 0 && r.ledger.failed[a] == 0:
		r.ledger.failed[a]++
		return r.fail(consumer, t)
	case mix == 32 && promises && r.p.graves[consumer] && !r.p.sent[r.ledger.streams[t.Stream].outlet]:
		if r.ledger.failed[a]++; r.ledger.failed[a] == attempts {
			r.ledger.take(consumer, t, r.m.now())
			r.ledger.letters[a] = true
		}
		return errDrawn
	}
	r.ledger.take(consumer, t, r.m.now())
	return nil
}

// fail ends an invocation in one of the ways in which a handler may fail.
func (r *run) fail(consumer int, t *token) error {
	switch {
	case t.N%4 == 0:
		panic(errDrawn)
	case t.N%4 == 1 && r.cfg.Exits && r.p.kept[consumer]:
		r.exits++
		runtime.Goexit()
	}
	return errDrawn
}

// count counts tokens in the cell of a function and compares it with what the ledger
// makes of the same tokens.
func (r *run) count(c *sfaas.Ctx, f *fn, cell store, tokens ...*token) (key int, i *instance) {
	key = r.p.index[c.Key()]
	i = r.ledger.instance(f.id, key)
	r.hot = f.id*len(r.p.keys) + key
	has := cell.get(c)
	if has != i.counter {
		r.violate(State, "%v holds %d tokens, took %d (sums %x, %x)", c.Self(), has.Count, i.Count, has.Sum, i.Sum)
		i.counter = has
	}
	for _, t := range tokens {
		i.add(t)
	}
	cell.set(c, i.counter)
	return key, i
}

// rough reports whether what is sent at most once may be lost.
func (r *run) rough() bool { return r.cfg.Moves+r.cfg.Restarts+r.cfg.Crashes > 0 }

// patience is by how much an answer may come after the timeout of its call.
const patience = time.Second

// replied takes the answer to a call: there is one, in time.
func (r *run) replied(f *fn, c *sfaas.Ctx, x sfaas.Reply[token]) {
	id := call{f.id, r.p.index[c.Key()], x.Token}
	call, ok := r.ledger.calls[id]
	deadline := call.deadline
	switch {
	case !ok:
		r.violate(Reply, "%v got a second answer to call %d, or one to none (%v)", c.Self(), x.Token, x.Err)
	case call.sure && x.Err != nil:
		r.violate(Reply, "%v was promised an answer, and got %v", c.Self(), x.Err)
	case errors.Is(x.Err, sfaas.ErrTimeout) && r.ledger.served[call.number] && !r.rough():
		r.violate(Reply, "%v got no answer although its call was processed", c.Self())
	case r.m.now() > deadline.Add(patience+r.outage):
		r.violate(Endless, "%v was answered %v after its timeout", c.Self(), r.m.now().Sub(deadline))
	}
	delete(r.ledger.calls, id)
}
