// SPDX-License-Identifier: Apache-2.0

package world

import (
	"maps"
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// token is what every message of the world carries: a place in a stream. The ledger
// gives the numbers, not the machine.
type token struct {
	Stream uint32 // in the ledger
	N      uint32 // number in the stream, from 1
	Hops   uint32 // how often its receiver sends it on to itself
	Call   uint32 // number of the call that it is
	At     int64  // when it was made
	Due    int64  // before which it must not arrive, 0 for none
}

// stream is everything that one producer makes for one key: a source at one
// incarnation of a node, or an outlet of one instance.
type stream struct {
	outlet  int
	made    uint32
	spared  uint32   // of them, those that were cancelled
	gone    bool     // its producer's node has gone: what is missing is not missed
	seen    []uint32 // newest number that each consumer has taken
	missing []uint32 // numbers passed over by each consumer
	durable [][]uint64
}

// instance is what one function at one key should hold.
type instance struct {
	counter
	wake    wake
	streams []int32 // by outlet and target key, 0 for none yet
}

// wake is the last message that an instance has delayed.
type wake struct {
	token sfaas.Token
	t     token
}

// counter is the content of the cell of a function.
type counter struct{ Count, Sum uint64 }

// add counts a token.
func (c *counter) add(t *token) {
	c.Count++
	c.Sum += hash(uint64(t.Stream), uint64(t.N))
}

// attempt names one message at one consumer.
type attempt struct {
	consumer int
	stream   uint32
	n        uint32
}

// call names one call of one instance.
type call struct {
	fn, key int
	token   sfaas.Token
}

// pending is a call that has not been answered.
type pending struct {
	deadline sfaas.Time
	number   uint32
	sure     bool // it promises to be answered
}

// ledger is what the oracles know. It sees what handlers take and make, what the
// engine has made durable, and nothing of the machine.
type ledger struct {
	*run
	streams   []stream // stream 0 is none
	instances []instance
	sources   map[source]int32
	failed    map[attempt]int  // attempts that have failed
	letters   map[attempt]bool // on their way to a grave
	cancelled map[attempt]bool // delayed messages that must not come
	calls     map[call]pending // those that wait for their reply
	served    map[uint32]bool  // those that the callee has processed
	came      map[attempt]bool // tokens that must not come twice, in any order
	called    uint32
	taken     uint64
}

// source is the producer of pushed messages.
type source struct{ outlet, node, incarnation, key int }

func newLedger(r *run) *ledger {
	p := r.p
	l := &ledger{
		run: r, streams: make([]stream, 1), instances: make([]instance, len(p.fns)*len(p.keys)),
		sources: map[source]int32{}, failed: map[attempt]int{}, letters: map[attempt]bool{}, cancelled: map[attempt]bool{}, calls: map[call]pending{}, served: map[uint32]bool{}, came: map[attempt]bool{},
	}
	for i := range l.instances {
		l.instances[i].streams = make([]int32, len(p.outlets)*len(p.keys))
	}
	return l
}

// clone returns a copy, for a snapshot.
func (l *ledger) clone() *ledger {
	c := *l
	c.streams, c.instances = slices.Clone(l.streams), slices.Clone(l.instances)
	for i := range c.streams {
		s := &c.streams[i]
		s.seen, s.missing, s.durable = slices.Clone(s.seen), slices.Clone(s.missing), slices.Clone(s.durable)
		for j := range s.durable {
			s.durable[j] = slices.Clone(s.durable[j])
		}
	}
	for i := range c.instances {
		c.instances[i].streams = slices.Clone(l.instances[i].streams)
	}
	c.sources, c.failed, c.calls = maps.Clone(l.sources), maps.Clone(l.failed), maps.Clone(l.calls)
	c.served, c.came = maps.Clone(l.served), maps.Clone(l.came)
	c.letters, c.cancelled = maps.Clone(l.letters), maps.Clone(l.cancelled)
	return &c
}

// instance returns what a function at a key should hold.
func (l *ledger) instance(fn, key int) *instance { return &l.instances[fn*len(l.p.keys)+key] }

// open returns a new stream.
func (l *ledger) open(outlet int) int32 {
	n := len(l.p.consumers)
	l.streams = append(l.streams, stream{
		outlet: outlet, seen: make([]uint32, n), missing: make([]uint32, n), durable: make([][]uint64, n),
	})
	return int32(len(l.streams) - 1)
}

// make gives a token the next number of an instance's stream to a key.
func (l *ledger) make(t *token, i *instance, outlet, target int, now sfaas.Time) {
	at := &i.streams[outlet*len(l.p.keys)+target]
	if *at == 0 {
		*at = l.open(outlet)
	}
	l.next(t, *at, now)
}

// push gives a token the next number of a source.
func (l *ledger) push(t *token, s source, now sfaas.Time) {
	at, ok := l.sources[s]
	if !ok {
		at = l.open(s.outlet)
		l.sources[s] = at
	}
	l.next(t, at, now)
}

// unpush takes back the number of a push that was refused.
func (l *ledger) unpush(t *token) { l.streams[t.Stream].made-- }

func (l *ledger) next(t *token, at int32, now sfaas.Time) {
	s := &l.streams[at]
	s.made++
	*t = token{Stream: uint32(at), N: s.made, At: int64(now)}
}

// leave tells that a node has gone: what was pushed there and is on its way is
// neither sure to arrive nor sure to be lost.
func (l *ledger) leave(node int) {
	for s, at := range l.sources {
		if s.node == node {
			l.streams[at].gone = true
		}
	}
}

// take checks a message that a consumer takes, whether it fails or not.
func (l *ledger) take(consumer int, t *token, now sfaas.Time) {
	l.taken++
	s := &l.streams[t.Stream]
	path := l.p.path(s.outlet, consumer)
	if !path.leads {
		l.violate(Broken, "%s took a message of %s, which does not lead there", l.p.consumers[consumer], l.p.outlets[s.outlet])
		return
	}
	seen := &s.seen[consumer]
	if path.once {
		a := attempt{consumer, t.Stream, t.N}
		if l.came[a] {
			l.violate(Order, "%s → %s: %d came twice", l.p.outlets[s.outlet], l.p.consumers[consumer], t.N)
		}
		l.came[a] = true
	}
	switch {
	case path.loose:
		*seen++
	case t.N == *seen+1:
		*seen = t.N
	case t.N > *seen:
		if path.guarantee != sfaas.AtMostOnce {
			l.violate(Order, "%s → %s: %d after %d", l.p.outlets[s.outlet], l.p.consumers[consumer], t.N, *seen)
		}
		s.missing[consumer] += t.N - *seen - 1
		*seen = t.N
	case path.guarantee == sfaas.AtMostOnce:
		l.violate(Overtaken, "%s → %s: %d after %d", l.p.outlets[s.outlet], l.p.consumers[consumer], t.N, *seen)
	case path.guarantee == sfaas.ExactlyOnce:
		l.violate(Order, "%s → %s: %d after %d", l.p.outlets[s.outlet], l.p.consumers[consumer], t.N, *seen)
	}
	if path.commits && !l.isDurable(s, consumer, t.N) {
		l.violate(Early, "%s → %s: %d has left and is not committed", l.p.outlets[s.outlet], l.p.consumers[consumer], t.N)
	}
	if len(l.cancelled) > 0 && l.cancelled[attempt{consumer, t.Stream, t.N}] {
		l.violate(Order, "%s → %s: %d came although it was cancelled", l.p.outlets[s.outlet], l.p.consumers[consumer], t.N)
	}
	age := now.Sub(sfaas.Time(max(t.At, t.Due)))
	switch {
	case age < 0:
		l.violate(Early, "%s → %s: %d came %v before its time", l.p.outlets[s.outlet], l.p.consumers[consumer], t.N, -age)
	case age > longest+l.outage && !path.waits:
		l.violate(Endless, "%s → %s: %d took %v", l.p.outlets[s.outlet], l.p.consumers[consumer], t.N, age)
	}
}

// cancel notes that a delayed message must not come.
func (l *ledger) cancel(consumer int, t *token) {
	l.cancelled[attempt{consumer, t.Stream, t.N}] = true
	l.streams[t.Stream].spared++
}

// bury takes a dead letter of a consumer.
func (l *ledger) bury(consumer int, t *token) {
	l.taken++
	a := attempt{consumer, t.Stream, t.N}
	if !l.letters[a] {
		l.violate(Order, "%s: a dead letter came twice, or of a message that was processed", l.p.consumers[consumer])
	}
	delete(l.letters, a)
}

// longest is how long a message may take while nothing is down.
const longest = 3 * time.Second

func (l *ledger) isDurable(s *stream, consumer int, n uint32) bool {
	d := s.durable[consumer]
	return int(n/64) < len(d) && d[n/64]&(1<<(n%64)) != 0
}

// committed notes that an output to a consumer is durable.
func (l *ledger) committed(consumer int, t *token) {
	if t.Stream == 0 {
		return
	}
	d := &l.streams[t.Stream].durable[consumer]
	for int(t.N/64) >= len(*d) {
		*d = append(*d, 0)
	}
	(*d)[t.N/64] |= 1 << (t.N % 64)
}

// settle checks at the end that nothing is missing that was promised, and that what
// is missing otherwise is as much as the machine says it has dropped; unknown is set
// where counters of the machine were lost.
func (l *ledger) settle(dropped uint64, unknown bool, now sfaas.Time) {
	missing := uint64(0)
	for i := range l.streams[1:] {
		s := &l.streams[i+1]
		if s.gone {
			continue
		}
		for c, seen := range s.seen {
			path := l.p.path(s.outlet, c)
			switch {
			case !path.leads, path.waits:
			case path.guarantee == sfaas.AtMostOnce:
				lost := s.made - seen + s.missing[c]
				if path.via != none { // what did not come there is missing there already
					lost -= min(lost, s.made-s.seen[path.via]+s.missing[path.via])
				}
				missing += uint64(lost - min(lost, s.spared))
			case seen != s.made:
				l.violate(Lost, "%s → %s: %d of %d arrived", l.p.outlets[s.outlet], l.p.consumers[c], seen, s.made)
			}
		}
	}
	if !unknown && missing > dropped {
		l.violate(Silent, "%d messages are missing on edges that do not promise, %d are counted", missing, dropped)
	}
	for range l.letters {
		l.violate(Lost, "a dead letter did not arrive")
	}
	for c, x := range l.calls {
		if now > x.deadline {
			l.violate(Reply, "%s called at key %d and was never answered", l.p.fns[c.fn].name, c.key)
		}
	}
}
