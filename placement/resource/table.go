// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"slices"
	"sync"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// Table lends what one node has. Whatever is asked of it is one step: nothing is ever
// taken in part, and the sum of all leases and of what is free is what the node has. What
// is free falls below 0 only by what runs already and has grown, see [Table.Charge].
//
// Time is an argument of each call and must not go back. A table takes a few hundred
// bytes and a lease about 250, so a simulator may have ten thousand of them.
//
// All methods may be called concurrently.
type Table struct {
	mu       sync.Mutex
	total    Need
	free     Need // Accelerators: what is left of each
	lacks    []Lack
	entries  []entry         // by the lower half of a LeaseID
	vacant   []uint32        // entries without a lease
	byUnit   map[unit]uint32 // first entry of each unit's chain
	soonest  sfaas.Time      // no lease ends before
	gone     []Lease         // ended by time, for Expire to tell
	version  uint64
	standing int
	packer   packer
}

// unit is what epochs are of.
type unit struct {
	app  string
	unit sfaas.Unit
}

// entry is a place for a lease. Its life is the upper half of the LeaseID and goes up
// with each lease, so that an old ID finds nothing.
type entry struct {
	lease Lease
	life  uint32
	live  bool
	next  uint32 // of the same unit, or none
}

// none is no entry.
const none = ^uint32(0)

// NewTable returns a table that lends all of an inventory, which it does not keep. It
// returns a [*FieldError] if there can be no such inventory.
func NewTable(v Inventory) (*Table, error) {
	if err := v.Validate(); err != nil {
		return nil, err
	}
	total := v.Total()
	free := total
	free.Accelerators = slices.Clone(total.Accelerators)
	return &Table{total: total, free: free, lacks: slices.Clone(v.Lacks), byUnit: map[unit]uint32{}, soonest: sfaas.Never}, nil
}

// Grant takes what a request needs and returns the lease, which is [Reserved]. It
// returns a [*ShortError] for the first line that does not fit, a [*StaleError] if the
// unit has a lease of a later epoch, and a [*FieldError] for a request that cannot be;
// then nothing is taken. A request that stands already is answered by its lease as it is
// now, and its time to live is not changed.
func (t *Table) Grant(now sfaas.Time, r Request) (Lease, error) {
	if err := r.validate(); err != nil {
		return Lease{}, err
	}
	if err := checkTTL(r.TTL); err != nil {
		return Lease{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	owner := unit{r.Owner.App, r.Owner.Unit}
	for i := range t.of(owner) {
		l := &t.entries[i].lease
		if l.Epoch > r.Epoch {
			return Lease{}, &StaleError{Owner: r.Owner, Got: r.Epoch, Want: l.Epoch}
		}
		if r.Proposal != 0 && l.Epoch == r.Epoch && l.Proposal == r.Proposal {
			return *l, nil
		}
	}
	on, err := t.fit(&r.Need)
	if err != nil && r.Here {
		on, err = t.devices(r.Need.Accelerators)
	}
	if err != nil {
		return Lease{}, err
	}
	l := Lease{
		State: Reserved, Owner: r.Owner, Epoch: r.Epoch, Proposal: r.Proposal, Need: r.Need,
		On: on, Until: now.Add(r.TTL), Lacks: t.lacks,
	}
	l.Need.Accelerators = slices.Clone(r.Need.Accelerators)
	return t.enter(owner, l), nil
}

// Commit makes a reserved lease stand for another time to live, and may be repeated. It
// returns [ErrNoLease] if the lease has ended.
func (t *Table) Commit(now sfaas.Time, id LeaseID, ttl time.Duration) error {
	return t.extend(now, id, ttl, Committed)
}

// Renew lets a lease stand for another time to live from now on. It returns
// [ErrNoLease] if the lease has ended.
func (t *Table) Renew(now sfaas.Time, id LeaseID, ttl time.Duration) error {
	return t.extend(now, id, ttl, Reserved)
}

// extend renews a lease whose state becomes at least s.
func (t *Table) extend(now sfaas.Time, id LeaseID, ttl time.Duration, s State) error {
	if err := checkTTL(ttl); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	e := t.find(id)
	if e == nil {
		return ErrNoLease
	}
	e.lease.Until = now.Add(ttl)
	e.lease.State = max(e.lease.State, s)
	t.soonest = min(t.soonest, e.lease.Until)
	t.version++
	return nil
}

// Charge sets what a lease holds to what its unit has been found to take. That is a fact
// and no wish: it is taken even where it is not free, and then nothing is granted on that
// line until leases have ended, see [Table.Short]. Accelerators of the kinds that the lease
// has stay the same devices; for others devices are chosen as in Grant. Charge returns a
// [*ShortError] if the node has no device of a kind, and [ErrNoLease] if the lease has
// ended; then it changes nothing.
func (t *Table) Charge(now sfaas.Time, id LeaseID, need Need) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	e := t.find(id)
	if e == nil {
		return ErrNoLease
	}
	old, on := &e.lease.Need, e.lease.On
	if old.equal(&need) {
		return nil
	}
	if err := need.validate(); err != nil {
		return err
	}
	t.put(old, on)
	if !sameKinds(old, &need) {
		var err error
		if on, err = t.devices(need.Accelerators); err != nil {
			t.take(old, e.lease.On)
			return err
		}
	}
	need.Accelerators = slices.Clone(need.Accelerators)
	t.take(&need, on)
	e.lease.Need, e.lease.On = need, on
	t.version++
	return nil
}

// Short returns a [*ShortError] for the first line of which leases hold more than the node
// has, or nil. Only what runs already, and has grown, brings that about: see
// [Table.Charge] and Here of a [Request].
func (t *Table) Short() error { return t.ShortBeside(nil) }

// ShortBeside is Short as it would be without some leases.
func (t *Table) ShortBeside(without []LeaseID) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range without {
		if e := t.find(id); e != nil {
			t.put(&e.lease.Need, e.lease.On)
		}
	}
	err := t.short()
	for _, id := range without {
		if e := t.find(id); e != nil {
			t.take(&e.lease.Need, e.lease.On)
		}
	}
	return err
}

// Release ends a lease and frees what it held. It reports whether there was one.
func (t *Table) Release(id LeaseID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.find(id) == nil {
		return false
	}
	t.drop(uint32(id))
	return true
}

// Expire ends the leases whose time has passed and appends them to dst, with those that
// ended so in other calls since the last Expire. It costs nothing while none is due.
func (t *Table) Expire(now sfaas.Time, dst []Lease) []Lease {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	dst = append(dst, t.gone...)
	clear(t.gone)
	t.gone = t.gone[:0]
	return dst
}

// Lease returns a lease as it stands.
func (t *Table) Lease(id LeaseID) (Lease, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.find(id); e != nil {
		return e.lease, true
	}
	return Lease{}, false
}

// Leases appends all leases to dst, in an order that depends on nothing but the calls
// before.
func (t *Table) Leases(dst []Lease) []Lease {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.entries {
		if t.entries[i].live {
			dst = append(dst, t.entries[i].lease)
		}
	}
	return dst
}

// Free writes what is free to dst, as the need that would take all of it; its slice is
// used again. Accelerators are in the order of the inventory.
func (t *Table) Free(dst *Need) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*dst = Need{t.free.CPU, t.free.Memory, t.free.Disk, t.free.Net, append(dst.Accelerators[:0], t.free.Accelerators...)}
}

// Total returns what the node has. Its slice is shared and read-only.
func (t *Table) Total() Need { return t.total }

// Version returns a number that changes with each change of the table, and the number
// of leases.
func (t *Table) Version() (version uint64, leases int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.version, t.standing
}

// checkTTL returns a [*FieldError] for a time to live that is over at once.
func checkTTL(ttl time.Duration) error {
	if ttl <= 0 {
		return &FieldError{Of: "resource", Field: "ttl", Got: ttl.String(), Want: "more than 0"}
	}
	return nil
}
