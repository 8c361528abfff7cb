// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"sync"
	"sync/atomic"

	"github.com/neuroran/neuroran/sfaas"
)

// Gate lets pushes of a unit, or of a tenant, in as long as they keep their limits. Several
// goroutines may use one at once; it does not allocate.
//
// What a push will use is not known when it comes. So it is charged with what pushes have
// used on average, until what it does use is counted:
//
//	bank     what the limit allows beyond what has been used: rises with time
//	owed     pushes that are not done, at the average
//	bank − owed   what may still be let in: at most a burst
//
// So it does not matter for a limit how late it is known what a push has used, be it after a slot
// or, of a unit that another node owns, after some of them.
//
// What is counted is exact, so that in the long run a limit is kept exactly. How far usage is
// ahead of it at a time is the burst, and by how much the pushes under way cost more than
// others: a limit bites within a slot of being used up if Settle is called once a slot.
type Gate struct {
	limits Limits
	name   string
	errs   [NumQuantities + 1]*LimitError
	parent atomic.Pointer[Gate]

	mu       sync.Mutex
	apart    bool // hears by Account what was used, and not from the gates below it
	last     sfaas.Time
	started  bool
	bank     Amounts
	used     Amounts // settled, since the beginning
	total    Amounts // as last told
	lately   Amounts // used by the pushes that were done lately,
	pushes   float64 // so many
	tried    uint64  // pushes that asked
	taken    uint64  // pushes that were let in
	done     uint64  // of these
	presumed float64 // of those that are not known to be done
	shared   bool    // lets in no more than it is granted
	granted  float64 // pushes
	refused  Refusals
}

// Refusals is how many pushes a gate has refused, by the limit that they would have broken; the
// last ones for the sake of others that share.
type Refusals [NumQuantities + 1]uint64

// firstPushes is how many may be on their way while nothing is known of what one uses.
const firstPushes = 8

// recentPushes is of how many pushes the average is taken, as far as there were so many.
const recentPushes = 64

// NewGate returns a gate for limits. What is let in must be let in by the gate of its
// parent too, such as a tenant's, which may be nil. It returns the error of
// [Limits.Validate].
func NewGate(name string, limits Limits, parent *Gate) (*Gate, error) {
	if err := limits.Validate(); err != nil {
		return nil, err
	}
	if limits.Burst == 0 {
		limits.Burst = DefaultBurst
	}
	g := &Gate{limits: limits, name: name}
	g.parent.Store(parent)
	for q := range NumQuantities {
		g.errs[q] = &LimitError{Name: name, Quantity: q, PerSecond: limits.PerSecond[q], Class: limits.Class}
		g.bank[q] = g.most(q)
	}
	g.errs[NumQuantities] = &LimitError{Name: name, Class: limits.Class, Shared: true}
	return g, nil
}

// most returns how much of a quantity may be saved up.
func (g *Gate) most(q Quantity) float64 { return g.limits.PerSecond[q] * g.limits.Burst.Seconds() }

// each returns what a push has used of a quantity on average.
func (g *Gate) each(q Quantity) float64 {
	least := 0.0
	if q == Invocations {
		least = 1
	}
	if g.pushes > 0 {
		return max(g.lately[q]/g.pushes, least)
	}
	return least
}

// Admit lets one push in, or returns a [*LimitError]. Times must not fall; what comes with
// an earlier one counts as of the last.
func (g *Gate) Admit(now sfaas.Time) error {
	p := g.parent.Load()
	if p != nil {
		if err := p.Admit(now); err != nil {
			return err
		}
	}
	err := g.admit(now)
	if err != nil && p != nil {
		p.takeBack()
	}
	return err
}

// A push that costs more than a burst is let in when all of it has been saved up.
func (g *Gate) admit(now sfaas.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refill(now)
	g.tried++
	blind := g.pushes == 0 && g.taken-g.done >= firstPushes
	for q := range NumQuantities {
		if g.limits.PerSecond[q] > 0 && (blind || g.bank[q]-g.owed(q) < min(g.each(q), g.most(q))) {
			g.refused[q]++
			return g.errs[q]
		}
	}
	if g.shared && (blind || g.granted < 1) {
		g.refused[NumQuantities]++
		return g.errs[NumQuantities]
	}
	g.taken++
	g.granted--
	return nil
}

// owed returns what the pushes will use that are not done.
func (g *Gate) owed(q Quantity) float64 { return float64(g.taken-g.done) * g.each(q) }

// Presume says how many of the pushes that are not known to be done are so by now, as far as one may
// think: of a unit elsewhere, which tells only now and then. A limit does not rely on it; who
// shares does, since else room would come in lumps, and in a lump there is room for everybody.
func (g *Gate) Presume(pushes float64) {
	g.mu.Lock()
	g.presumed = max(pushes, 0)
	g.mu.Unlock()
}

// takeBack undoes an admission, as one further down has refused.
func (g *Gate) takeBack() {
	g.mu.Lock()
	g.taken--
	g.done = min(g.done, g.taken)
	g.granted++
	g.mu.Unlock()
	if p := g.parent.Load(); p != nil {
		p.takeBack()
	}
}

// Under makes another gate the parent, nil for none: of a unit that moves, say, and is held to what
// its tenant gets at the new place. Its pushes that are not done are the new parent's from now on.
// It is not called for one gate by two goroutines at once.
func (g *Gate) Under(parent *Gate) {
	old := g.parent.Load()
	if old == parent {
		return
	}
	g.mu.Lock()
	waiting := g.taken - g.done
	g.mu.Unlock()
	for p := parent; p != nil; p = p.parent.Load() {
		p.mu.Lock()
		p.taken += waiting
		p.mu.Unlock()
	}
	g.parent.Store(parent)
	for p := old; p != nil; p = p.parent.Load() {
		p.mu.Lock()
		p.taken -= min(waiting, p.taken-p.done)
		p.mu.Unlock()
	}
}

// refill lets the bank rise with time.
func (g *Gate) refill(now sfaas.Time) {
	if !g.started {
		g.started, g.last = true, now
	}
	dt := now.Sub(g.last)
	if dt <= 0 {
		return
	}
	g.last = now
	for q := range NumQuantities {
		if rate := g.limits.PerSecond[q]; rate > 0 {
			g.bank[q] = min(g.bank[q]+rate*dt.Seconds(), g.most(q)+g.owed(q))
		}
	}
}

// Resume says what the unit had used before the gate stood, which it does not hold against
// it: of a unit that has been on this node before, say.
func (g *Gate) Resume(total Usage) {
	g.mu.Lock()
	g.total = total.Amounts()
	g.mu.Unlock()
}

// Settle tells what the unit has used in all: on this node ([Ledger.Here]), or wherever it
// is ([Ledger.Total]). Waiting is how many of its pushes are not done: how many messages
// wait for it ([sfaas.UnitStats], Queued), and how many have been let in since that was
// known; 0 if it is not. It is called once a slot or so; the gate of the parent hears of it.
// It must not be called for a gate that is a parent: see [Gate.Account].
func (g *Gate) Settle(now sfaas.Time, total Usage, waiting int) {
	amounts := total.Amounts()
	g.mu.Lock()
	news := g.news(&amounts)
	done := max(g.taken-min(uint64(max(waiting, 0)), g.taken), g.done) - g.done
	g.settle(now, &news, done)
	g.mu.Unlock()
	for p := g.parent.Load(); p != nil; p = p.parent.Load() {
		p.mu.Lock()
		if p.apart {
			news = Amounts{}
		}
		p.settle(now, &news, min(done, p.taken-p.done))
		p.mu.Unlock()
	}
}

// Account tells what all of a parent's units have used, those too that have no gate here: of a
// tenant on all nodes, say ([Ledger.Tenants]). From the first call on the gates below it tell
// only which of their pushes are done.
func (g *Gate) Account(now sfaas.Time, total Usage) {
	amounts := total.Amounts()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.apart { // what was used before is not held against it
		g.apart, g.total = true, amounts
	}
	news := g.news(&amounts)
	g.settle(now, &news, 0)
}

// news returns by how much a total has risen since it was last told; one that falls is as before.
func (g *Gate) news(total *Amounts) (news Amounts) {
	for q := range NumQuantities {
		news[q] = max(total[q]-g.total[q], 0)
		g.total[q] = max(total[q], g.total[q])
	}
	return news
}

// settle takes what was used, and how many pushes were done.
func (g *Gate) settle(now sfaas.Time, news *Amounts, done uint64) {
	g.refill(now)
	g.done += done
	g.pushes += float64(done)
	fade := 1.0
	if g.pushes > recentPushes {
		fade = recentPushes / g.pushes
	}
	g.pushes *= fade
	for q := range NumQuantities {
		g.used[q] += news[q]
		g.bank[q] -= news[q]
		g.lately[q] = (g.lately[q] + news[q]) * fade
	}
}

// Passed returns how many pushes have asked, and how many were let in.
func (g *Gate) Passed() (tried, taken uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tried, g.taken
}

// Refused returns how many pushes the gate itself has refused, and not its parent.
func (g *Gate) Refused() Refusals {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refused
}

// Name returns the name of the gate.
func (g *Gate) Name() string { return g.name }

// Used returns what has been settled.
func (g *Gate) Used() Amounts {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.used
}

// Host returns a host that lets in what the gate does and pushes it into h. Clock is the
// time of [Gate.Admit].
func (g *Gate) Host(h sfaas.Host, clock func() sfaas.Time) sfaas.Host {
	return sfaas.Ask(h, func(sfaas.Key) error { return g.Admit(clock()) })
}
