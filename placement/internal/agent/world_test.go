// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"container/heap"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// shelf is a ledger with room for a number of items.
type shelf struct {
	room   int
	grown  int // what leases have come to take more than one each
	last   uint64
	leases map[uint64]shelfLease
}

type shelfLease struct {
	unit     UnitID
	role     Role
	until    sfaas.Time
	accepted bool // it was here already
}

func newShelf(room int) *shelf { return &shelf{room: room, leases: map[uint64]shelfLease{}} }

func (s *shelf) Reserve(now sfaas.Time, it *Item, until sfaas.Time) (uint64, Refusal) {
	for id, l := range s.leases { // a real table's leases end at their time, whatever the agent does
		if now >= l.until {
			delete(s.leases, id)
		}
	}
	if len(s.leases)+s.grown >= s.room {
		return 0, Refusal{Line: "room", Got: fmt.Sprint(len(s.leases)), Want: fmt.Sprint(s.room)}
	}
	s.last++
	s.leases[s.last] = shelfLease{it.Row.Unit, it.Role, until, false}
	return s.last, Refusal{}
}

func (s *shelf) Accept(_ sfaas.Time, it *Item, until sfaas.Time) uint64 {
	s.last++
	s.leases[s.last] = shelfLease{it.Row.Unit, it.Role, until, true}
	return s.last
}

// Extend lets the newest lease go if there are more than there is room for.
func (s *shelf) Extend(now sfaas.Time, lease uint64, _ *UnitRow, until sfaas.Time) LeaseState {
	l, ok := s.leases[lease]
	if !ok {
		return LeaseEnded
	}
	l.until = until
	s.leases[lease] = l
	if len(s.leases)+s.grown > s.room && lease == slices.Max(slices.Collect(maps.Keys(s.leases))) {
		return LeaseDisplaced
	}
	return LeaseStands
}

func (s *shelf) Become(lease uint64, role Role) {
	if l, ok := s.leases[lease]; ok {
		l.role = role
		s.leases[lease] = l
	}
}

func (s *shelf) Release(lease uint64) { delete(s.leases, lease) }

// world is agents, a network that loses, repeats, delays and reorders what they write, and
// runtimes: who owns a unit is decided there, by epochs, as package sfaas does it.
type world struct {
	t      *testing.T
	seed   uint64
	rng    *rand.Rand
	now    sfaas.Time
	events worldQueue
	order  uint64
	nodes  map[NodeID]*worldNode
	loss   float64 // share of letters that are lost, and of those that come twice
	delay  time.Duration
	parted func(a, b NodeID) bool

	epochs map[UnitID]map[uint32]NodeID // who has ever owned a unit under an epoch
	placed map[UnitID]Effect            // the last answer to each wish
	told   func(n *worldNode, x Effect) // hears of all answers
	sent   int
	nos    int // letters that refuse
}

// worldNode is one node in one of its lives.
type worldNode struct {
	id     NodeID
	life   uint32
	agent  *Agent
	shelf  *shelf
	routes map[UnitID]sfaas.Route
	dead   bool
	stuck  bool // it does not move units
	done   bool // Drained
}

type worldEvent struct {
	at    sfaas.Time
	order uint64
	run   func()
}

type worldQueue []worldEvent

func (q worldQueue) Len() int { return len(q) }
func (q worldQueue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].order < q[j].order
}
func (q worldQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *worldQueue) Push(x any)   { *q = append(*q, x.(worldEvent)) }
func (q *worldQueue) Pop() any {
	x := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return x
}

func newWorld(t *testing.T, seed uint64, nodes, room int) *world {
	w := &world{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), nodes: map[NodeID]*worldNode{}, delay: time.Millisecond,
		epochs: map[UnitID]map[uint32]NodeID{}, placed: map[UnitID]Effect{}}
	for id := range nodes {
		w.start(NodeID(id+1), 1, room)
	}
	return w
}

// start begins a life of a node: others hear of it, and it of them, a little later.
func (w *world) start(id NodeID, life uint32, room int) *worldNode {
	n := &worldNode{id: id, life: life, shelf: newShelf(room), routes: map[UnitID]sfaas.Route{}}
	var err error
	if n.agent, err = New(Config{Node: id, Incarnation: life, Seed: w.seed, Ledger: n.shelf}); err != nil {
		w.t.Fatal(err)
	}
	w.nodes[id] = n
	w.step(n, Event{Kind: Changed, Deployed: 1})
	for _, o := range w.sorted() {
		if o == n || o.dead {
			continue
		}
		w.after(w.someDelay(), func() { w.step(o, Event{Kind: MemberUp, Node: id, Incarnation: life}) })
		w.after(w.someDelay(), func() {
			w.step(n, Event{Kind: MemberUp, Node: o.id, Incarnation: o.life})
			w.tell(o, n) // a link tells all routes
		})
	}
	var tick func()
	tick = func() {
		if !n.dead {
			w.step(n, Event{Kind: Tick})
			w.after(20*time.Millisecond, tick)
		}
	}
	w.after(time.Duration(w.rng.IntN(20))*time.Millisecond, tick)
	return n
}

func (w *world) sorted() []*worldNode {
	var all []*worldNode
	for id := NodeID(1); int(id) <= len(w.nodes); id++ {
		all = append(all, w.nodes[id])
	}
	return all
}

func (w *world) someDelay() time.Duration {
	return w.delay + time.Duration(w.rng.ExpFloat64()*float64(w.delay))
}

func (w *world) after(d time.Duration, run func()) {
	w.order++
	heap.Push(&w.events, worldEvent{w.now.Add(d), w.order, run})
}

// run lets time pass.
func (w *world) run(d time.Duration) {
	end := w.now.Add(d)
	for len(w.events) > 0 && w.events[0].at <= end {
		e := heap.Pop(&w.events).(worldEvent)
		w.now = e.at
		e.run()
		w.check()
	}
	w.now = end
}

// crash ends a node at once; who tells others that it is gone takes a while.
func (w *world) crash(id NodeID) {
	w.nodes[id].dead = true
	for _, o := range w.sorted() {
		life := w.nodes[id].life
		w.after(time.Duration(w.rng.IntN(300))*time.Millisecond, func() {
			if w.nodes[id].dead && w.nodes[id].life == life {
				w.step(o, Event{Kind: MemberDown, Node: id})
			}
		})
	}
}

// step gives an event to an agent and does what it says.
func (w *world) step(n *worldNode, e Event) {
	if n.dead {
		return
	}
	for _, x := range n.agent.Step(w.now, &e, nil) {
		w.do(n, x)
	}
}

func (w *world) do(n *worldNode, x Effect) {
	outcome := func(d time.Duration, f func() Event) {
		w.after(d, func() {
			e := f()
			e.Kind, e.Deal, e.Index, e.Row.Unit = Outcome, x.Deal, x.Index, x.Unit
			w.step(n, e)
		})
	}
	no := func(why string) Event { return Event{Failure: Refusal{Line: why, Got: "no", Want: "yes"}} }
	switch x.Kind {
	case Send:
		w.bring(n, x)
	case Own:
		outcome(w.someDelay(), func() Event {
			if r := n.routes[x.Unit]; !newer(x.Epoch, n.id, r.Epoch, r.Owner) {
				return no("epoch")
			}
			w.own(n, x.Unit, x.Epoch)
			return Event{Epoch: x.Epoch}
		})
	case Prepare:
		outcome(w.someDelay(), func() Event { return Event{} })
	case MoveUnit:
		outcome(w.someDelay()*3, func() Event {
			to, r := w.nodes[x.Node], n.routes[x.Unit]
			switch {
			case r.Owner != n.id:
				return no("owner")
			case to.dead || n.stuck || w.parted != nil && w.parted(n.id, to.id):
				return no("target")
			}
			w.own(to, x.Unit, r.Epoch+1)
			return Event{}
		})
	case LetGo:
		w.after(w.someDelay(), func() { w.release(n, x.Unit, x.Epoch) })
	case Placed:
		w.placed[x.Unit] = x
		if w.told != nil {
			w.told(n, x)
		}
	case Drained:
		n.done = true
	}
}

// bring brings a letter as bytes, once, twice or not at all.
func (w *world) bring(n *worldNode, x Effect) {
	w.sent++
	if x.Letter.Kind == Refused {
		w.nos++
	}
	b := x.Letter.Append(nil)
	x.Letter.Release()
	copies := 1
	if w.rng.Float64() < w.loss {
		copies = w.rng.IntN(2) * 2
	}
	if w.parted != nil && w.parted(n.id, x.Node) {
		copies = 0
	}
	for range copies {
		w.after(w.someDelay(), func() {
			var l Letter
			if err := l.Parse(b); err != nil {
				w.t.Fatal(err)
			}
			w.step(w.nodes[x.Node], Event{Kind: Arrived, Letter: &l})
		})
	}
}

// own makes a node the owner of a unit; the others learn it a little later.
func (w *world) own(n *worldNode, u UnitID, epoch uint32) {
	if w.epochs[u] == nil {
		w.epochs[u] = map[uint32]NodeID{}
	}
	if o, ok := w.epochs[u][epoch]; ok && o != n.id {
		w.t.Fatalf("seed %d: unit %d: epoch %#x is owned by %d and by %d", w.seed, u, epoch, o, n.id)
	}
	w.epochs[u][epoch] = n.id
	r := sfaas.Route{Owner: n.id, Epoch: epoch, Unit: sfaas.Unit{Part: fmt.Sprint(u)}}
	w.learn(n, r)
	for _, o := range w.sorted() {
		if o != n && !(w.parted != nil && w.parted(n.id, o.id)) {
			w.after(w.someDelay(), func() { w.learn(o, r) })
		}
	}
}

// release lets nobody own a unit, as the runtime of a node says.
func (w *world) release(n *worldNode, u UnitID, epoch uint32) {
	if known := n.routes[u]; n.dead || n.stuck || !newer(epoch, 0, known.Epoch, known.Owner) {
		return
	}
	r := sfaas.Route{Epoch: epoch, Unit: sfaas.Unit{Part: fmt.Sprint(u)}}
	w.learn(n, r)
	for _, o := range w.sorted() {
		if o != n && !(w.parted != nil && w.parted(n.id, o.id)) {
			w.after(w.someDelay(), func() { w.learn(o, r) })
		}
	}
}

func (w *world) learn(n *worldNode, r sfaas.Route) {
	var u UnitID
	fmt.Sscan(r.Unit.Part, &u)
	if known := n.routes[u]; n.dead || !newer(r.Epoch, r.Owner, known.Epoch, known.Owner) {
		return
	}
	n.routes[u] = r
	if r.Owner == n.id {
		w.step(n, Event{Kind: Owned, Row: UnitRow{Unit: u, Deployment: 64, Want: 1}, Epoch: r.Epoch, Name: fmt.Sprint(u)})
		return
	}
	w.step(n, Event{Kind: Routed, Row: UnitRow{Unit: u}, Node: r.Owner, Epoch: r.Epoch})
}

// tell brings all routes that a node knows to another one.
func (w *world) tell(from, to *worldNode) {
	for _, u := range slices.Sorted(maps.Keys(from.routes)) {
		w.learn(to, from.routes[u])
	}
}

// check holds after every event: no node has granted more than it has.
func (w *world) check() {
	for _, n := range w.nodes {
		granted := 0
		for _, l := range n.shelf.leases {
			if !l.accepted {
				granted++
			}
		}
		if granted > n.shelf.room {
			w.t.Fatalf("seed %d: node %d: %d leases, room for %d", w.seed, n.id, granted, n.shelf.room)
		}
	}
}

// wish wants units placed, asked for at one node, for good.
func (w *world) wish(at NodeID, want int, units ...UnitID) {
	for _, u := range units {
		w.try(at, want, u, uint64(u))
		w.step(w.nodes[at], Event{Kind: Stand, Row: UnitRow{Unit: u}, Token: uint64(u)})
	}
}

// try is wish, until it is refused or taken back.
func (w *world) try(at NodeID, want int, u UnitID, token uint64) {
	n := w.nodes[at]
	w.step(n, Event{Kind: Wish, Row: UnitRow{Unit: u, Deployment: 64, Want: uint8(want)}, Name: fmt.Sprint(u), Token: token, Node: n.routes[u].Owner, Epoch: n.routes[u].Epoch})
}

// settled checks that, after a quiet time, every unit has one owner and its standbys, and
// that leases are those and no others.
func (w *world) settled(want int, units ...UnitID) {
	w.t.Helper()
	owners, standbys := map[UnitID][]NodeID{}, map[UnitID][]NodeID{}
	for _, n := range w.sorted() {
		if n.dead {
			continue
		}
		if x := n.agent.retires; len(x) > 0 {
			w.t.Errorf("seed %d: node %d still ends the service of %d units, %+v first", w.seed, n.id, len(x), *x[0])
		}
		items := n.agent.Holds(nil, true)
		if len(items) != len(n.shelf.leases) {
			w.t.Errorf("seed %d: node %d: %d leases, %d holds: %+v", w.seed, n.id, len(n.shelf.leases), len(items), n.shelf.leases)
		}
		for _, it := range items {
			if it.Role == RoleOwner {
				owners[it.Row.Unit] = append(owners[it.Row.Unit], n.id)
			} else {
				standbys[it.Row.Unit] = append(standbys[it.Row.Unit], n.id)
			}
		}
	}
	for _, u := range units {
		if len(owners[u]) != 1 || len(standbys[u]) != want || slices.Contains(standbys[u], owners[u][0]) {
			w.t.Errorf("seed %d: unit %d: owners %v, standbys %v, want 1 and %d", w.seed, u, owners[u], standbys[u], want)
			continue
		}
		for _, n := range w.sorted() {
			if !n.dead && n.routes[u].Owner != owners[u][0] {
				w.t.Errorf("seed %d: unit %d: node %d has the route to %d, owner is %d", w.seed, u, n.id, n.routes[u].Owner, owners[u][0])
			}
			row := n.agent.units[n.agent.unit(u)]
			if !n.dead && (row.Owner != owners[u][0] || row.numStandbys() != want) {
				w.t.Errorf("seed %d: unit %d: the row at node %d: %+v, owner is %d", w.seed, u, n.id, row, owners[u][0])
			}
		}
	}
}

func unitsTo(n int) (all []UnitID) {
	for u := range n {
		all = append(all, UnitID(u+1))
	}
	return all
}
