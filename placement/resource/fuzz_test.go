// SPDX-License-Identifier: Apache-2.0

package resource_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/placement/resource/resourcetest"
	"github.com/neuroran/neuroran/sfaas"
)

// modelTable is what a table must do, in the plainest way: a list of leases, summed up
// whenever somebody asks.
type modelTable struct {
	total  resource.Need
	leases []resource.Lease
}

func (m *modelTable) free() resource.Need {
	n := m.total
	n.Accelerators = slices.Clone(m.total.Accelerators)
	for _, l := range m.leases {
		n.CPU, n.Memory, n.Disk, n.Net = n.CPU-l.Need.CPU, n.Memory-l.Need.Memory, n.Disk-l.Need.Disk, n.Net-l.Need.Net
		for i, a := range l.Need.Accelerators {
			n.Accelerators[l.On[i]].Share -= a.Share
			n.Accelerators[l.On[i]].Memory -= a.Memory
		}
	}
	return n
}

// fits tries every way to put accelerators on devices.
func (m *modelTable) fits(need resource.Need) bool {
	free := m.free()
	if need.CPU > free.CPU || need.Memory > free.Memory || need.Disk > free.Disk || need.Net > free.Net {
		return false
	}
	return m.pack(free.Accelerators, need.Accelerators)
}

func (m *modelTable) pack(free, needs []resource.AcceleratorNeed) bool {
	if len(needs) == 0 {
		return true
	}
	for i := range free {
		if f := free[i]; f.Kind == needs[0].Kind && f.Share >= needs[0].Share && f.Memory >= needs[0].Memory {
			rest := slices.Clone(free)
			rest[i].Share, rest[i].Memory = f.Share-needs[0].Share, f.Memory-needs[0].Memory
			if m.pack(rest, needs[1:]) {
				return true
			}
		}
	}
	return false
}

func (m *modelTable) find(id resource.LeaseID) *resource.Lease {
	i := slices.IndexFunc(m.leases, func(l resource.Lease) bool { return l.ID == id })
	if i < 0 {
		return nil
	}
	return &m.leases[i]
}

// expire ends what is due and returns how many.
func (m *modelTable) expire(now sfaas.Time) int {
	n := len(m.leases)
	m.leases = slices.DeleteFunc(m.leases, func(l resource.Lease) bool { return l.Until <= now })
	return n - len(m.leases)
}

// script is bytes that decide what happens.
type script struct{ b []byte }

func (s *script) next(n int) int {
	if len(s.b) == 0 {
		return 0
	}
	x := int(s.b[0]) % n
	s.b = s.b[1:]
	return x
}

func (s *script) need() resource.Need {
	n := resource.Need{CPU: resource.Milli(s.next(5) * 700), Memory: int64(s.next(5)) << 30, Disk: int64(s.next(3)) << 35, Net: int64(s.next(4)) * 1e9}
	for range s.next(4) {
		kind := []string{"gpu", "gpu", "ldpc", "tpu"}[s.next(4)]
		n.Accelerators = append(n.Accelerators, resource.AcceleratorNeed{Kind: kind, Share: resource.Milli(s.next(6) * 200), Memory: int64(s.next(4)*20) << 30})
	}
	return n
}

// FuzzTable lets random calls happen to a table and to the model, and compares them
// after each.
func FuzzTable(f *testing.F) {
	for seed := range uint64(60) {
		b, random := make([]byte, 300), rand.New(rand.NewPCG(seed, 13))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		f.Add(b)
	}
	f.Add([]byte{0, 1, 1, 1, 1, 1, 1, 0, 2, 2, 0, 1, 1, 1, 1, 1, 1, 0, 2, 2, 6, 200, 0, 1, 1, 1, 1, 1, 1, 0, 2, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		table, s := newTable(t, node()), &script{b[:min(len(b), 2000)]}
		m := &modelTable{total: table.Total()}
		var now sfaas.Time
		expired := 0
		ids := []resource.LeaseID{0}
		for len(s.b) > 0 {
			op := s.next(7)
			id := ids[s.next(len(ids))]
			ttl := time.Duration(1 + s.next(50))
			switch op {
			case 0, 1:
				expired += m.expire(now)
				if id, ok := grant(t, table, m, now, s, ttl); ok {
					ids = append(ids, id)
				}
			case 2, 3:
				expired += m.expire(now)
				want := m.find(id)
				err := table.Renew(now, id, ttl)
				if op == 3 {
					err = table.Commit(now, id, ttl)
				}
				if (err == nil) != (want != nil) {
					t.Fatalf("renew or commit of %v: %v, the model has %v", id, err, want)
				}
				if want != nil {
					want.Until = now.Add(ttl)
				}
			case 4:
				want := m.find(id)
				if got := table.Release(id); got != (want != nil) {
					t.Fatalf("release of %v: %v, the model has %v", id, got, want)
				}
				m.leases = slices.DeleteFunc(m.leases, func(l resource.Lease) bool { return l.ID == id })
			case 5:
				expired += m.expire(now)
				charge(t, table, m, now, id, s.need())
			case 6:
				now = now.Add(time.Duration(s.next(40)))
				expired += m.expire(now)
				if gone := table.Expire(now, nil); len(gone) != expired {
					t.Fatalf("%d expired, the model has %d", len(gone), expired)
				}
				expired = 0
			}
			if want, got := m.free(), free(table); want.String() != got.String() {
				t.Fatalf("free: %v, by the model %v", got, want)
			}
			if _, n := table.Version(); n != len(m.leases) {
				t.Fatalf("%d leases, the model has %d", n, len(m.leases))
			}
		}
	})
}

// grant asks both for the same, and returns what was granted.
func grant(t *testing.T, table *resource.Table, m *modelTable, now sfaas.Time, s *script, ttl time.Duration) (resource.LeaseID, bool) {
	r := resource.Request{Need: s.need(), Owner: owner(uint64(s.next(3))), Epoch: uint32(s.next(3)), Proposal: uint64(s.next(4)), TTL: ttl}
	lease, err := table.Grant(now, r)
	var stale *resource.StaleError
	later := slices.ContainsFunc(m.leases, func(l resource.Lease) bool { return l.Owner == r.Owner && l.Epoch > r.Epoch })
	if later != errors.As(err, &stale) {
		t.Fatalf("epoch %d: %v, a later one stands: %v", r.Epoch, err, later)
	}
	if later {
		return 0, false
	}
	same := slices.IndexFunc(m.leases, func(l resource.Lease) bool {
		return r.Proposal != 0 && l.Owner == r.Owner && l.Epoch == r.Epoch && l.Proposal == r.Proposal
	})
	if same >= 0 {
		if err != nil || lease.ID != m.leases[same].ID {
			t.Fatalf("the same again: %v, %v", lease, err)
		}
		return 0, false
	}
	if fits := m.fits(r.Need); fits != (err == nil) {
		t.Fatalf("%v of %v: %v, by the model it fits: %v", r.Need, m.free(), err, fits)
	}
	if err != nil {
		return 0, false
	}
	m.leases = append(m.leases, lease)
	return lease.ID, true
}

// charge lets both take what a unit has been found to take, whether it is free or not.
func charge(t *testing.T, table *resource.Table, m *modelTable, now sfaas.Time, id resource.LeaseID, need resource.Need) {
	want := m.find(id)
	err := table.Charge(now, id, need)
	if want == nil {
		if !errors.Is(err, resource.ErrNoLease) {
			t.Fatalf("change of no lease: %v", err)
		}
		return
	}
	missing := slices.ContainsFunc(need.Accelerators, func(a resource.AcceleratorNeed) bool { return a.Kind == "tpu" })
	if missing != (err != nil) {
		t.Fatalf("change to %v: %v, a device is missing: %v", need, err, missing)
	}
	if !missing {
		l, _ := table.Lease(id)
		want.Need, want.On = need, l.On
	}
	over := func(n resource.Need) bool {
		return n.CPU < 0 || n.Memory < 0 || n.Disk < 0 || n.Net < 0 ||
			slices.ContainsFunc(n.Accelerators, func(a resource.AcceleratorNeed) bool { return a.Share < 0 || a.Memory < 0 })
	}
	if err := table.Short(); over(m.free()) != (err != nil) {
		t.Fatalf("short: %v, by the model %v is free", err, m.free())
	}
	beside := modelTable{total: m.total, leases: slices.DeleteFunc(slices.Clone(m.leases), func(l resource.Lease) bool { return l.ID == id })}
	if err := table.ShortBeside([]resource.LeaseID{id}); over(beside.free()) != (err != nil) {
		t.Fatalf("short without %v: %v, by the model %v is free", id, err, beside.free())
	}
}

// FuzzRead lets a host have any files: what is found is an inventory, and a table can
// lend it.
func FuzzRead(f *testing.F) {
	for _, h := range []string{"-- proc/self/cgroup --\n0::/a\n-- proc/self/mountinfo --\n1 2 3 / /s rw - cgroup2 c rw\n-- s/a/cpu.max --\n1 0\n",
		"-- sys/devices/system/cpu/online --\n0-8191\n-- proc/meminfo --\nMemTotal: 1 kB\n-- sys/class/powercap/intel-rapl:0/energy_uj --\n1\n"} {
		f.Add(h)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h := resource.Host{FS: resourcetest.Tree(text)}
		if _, err := resource.NewTable(resource.Read(h)); err != nil {
			t.Error(err)
		}
		s := resource.OpenSensor(h, 0, resource.PowerModel{})
		if e, err := s.Energy(1); e.Joules < 0 || e.Joules != e.Joules {
			t.Errorf("drew %v (%v)", e, err)
		}
	})
}
