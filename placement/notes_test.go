// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/internal/beat"
	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// noting returns what of a deployment writes and reads notes, and its ledger.
func noting(t testing.TB, node sfaas.NodeID, incarnation uint32, to *Deployment) (*Deployment, *meter.Ledger) {
	t.Helper()
	l := meter.NewLedger(node, resource.PowerModel{}, 1)
	d := &Deployment{said: newSaid(), cfg: Spec{Name: "app", Tenant: "lab"}, site: site{log: slog.New(slog.DiscardHandler), meters: &meters{usage: l, lost: map[sfaas.NodeID]uint64{}}}}
	var err error
	d.notes, err = beat.OpenNotes(beat.Config{Node: node, Incarnation: incarnation, Key: d.site.noteKey("app"), Host: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.notes.Close(); err != nil {
			t.Error(err)
		}
	})
	if to != nil {
		d.notes.Tell([]netip.AddrPort{to.notes.Address()})
	}
	return d, l
}

// slotOf returns what a runtime says of so many units after a slot.
func slotOf(node sfaas.NodeID, incarnation uint32, units int, slot uint64) []sfaas.UnitStats {
	rows := make([]sfaas.UnitStats, units)
	for i := range rows {
		x := &rows[i]
		x.Unit, x.Node, x.Life, x.Epoch = sfaas.Unit{Part: "uplink", Root: sfaas.NewKey(sfaas.KindCell, uint64(i+1))}, node, uint64(incarnation)<<32|uint64(i+1), 7
		x.Invocations, x.StateRead, x.StateWritten, x.Transferred, x.Slots = 9*slot, 100000*slot, 80000*slot, 3000*slot, slot
		x.Busy, x.CPU = 300000*time.Duration(slot), 290000*time.Duration(slot)
	}
	return rows
}

// TestNotesOfUnits lets an owner say what many units have used, in as many datagrams as it takes.
func TestNotesOfUnits(t *testing.T) {
	const units, slot = 100, 1000
	standby, heard := noting(t, 1, 1, nil)
	known := func() int {
		standby.readNotes()
		standby.said.mu.Lock()
		defer standby.said.mu.Unlock()
		return len(standby.said.rows)
	}
	owner, _ := noting(t, 2, 5, standby)
	mute, _ := noting(t, 3, 5, nil)
	liar, _ := noting(t, 4, 6, standby)
	rows := slotOf(2, 5, units, slot)
	rows = append(rows, sfaas.UnitStats{Unit: sfaas.Unit{Part: "uplink", Root: sfaas.NewKey(kindWarm, 1)}, Node: 2, Life: 5<<32 | 200})
	liar.writeNotes(rows) // they are not its own
	liar.writeNotes(slotOf(4, 5, 1, slot))
	mute.writeNotes(rows)
	owner.writeNotes(rows)
	eventually(t, "all units are heard of", func() bool { return known() >= units })
	owner.writeNotes(slotOf(2, 5, units, slot-1)) // as if it had been overtaken
	if rows, _ := heard.Rows(nil, 0); len(rows) > 0 {
		t.Errorf("%d rows are in the ledger of an owner that lives", len(rows))
	}
	standby.inherit(2)
	if n := known(); n > 0 {
		t.Errorf("%d rows are left", n)
	}
	all, _ := heard.Rows(nil, 0)
	if len(all) != units {
		t.Errorf("%d rows, want %d", len(all), units)
	}
	for _, r := range all {
		if r.Owner.App != "app" || r.Owner.Tenant != "lab" || r.Node != 2 || r.Epoch != 7 || r.Invocations != 9*slot || r.Slots != slot {
			t.Fatalf("%+v", r)
		}
	}
	if n := testing.AllocsPerRun(100, func() { owner.writeNotes(rows[:8]) }); n > 0 {
		t.Errorf("%v allocations per slot", n)
	}
}

// TestNotesGiveWay lets letters say of some units as much as notes have: what those have said is
// forgotten, but not of units of which they say more, or which worked in another life.
func TestNotesGiveWay(t *testing.T) {
	const units, slot = 4, 100
	s := newSaid()
	note := func(life, slot uint64) []meter.Row {
		rows := make([]meter.Row, units)
		for i, x := range slotOf(2, 5, units, slot) {
			rows[i] = meter.RowOf(&x)
			rows[i].Life += life
		}
		return rows
	}
	for _, row := range note(0, slot) {
		s.take(&row)
	}
	for i, letter := range []meter.Row{note(0, slot)[0], note(0, slot-1)[1], note(1<<32, slot)[2], note(7, 0)[3]} {
		letter.Folded = i == 3
		s.covered(&letter)
	}
	rows := s.of(2)
	slices.SortFunc(rows, func(a, b meter.Row) int { return a.Owner.Unit.Root.Compare(b.Owner.Unit.Root) })
	if len(rows) != 2 || rows[0] != note(0, slot)[1] || rows[1] != note(0, slot)[2] {
		t.Errorf("got %+v, want those of the second unit and of the third one", rows)
	}
}

// TestNotesToPushers lets an owner that nobody stands by for say each slot to who pushes: what that has
// heard when the owner ends is all but a slot.
func TestNotesToPushers(t *testing.T) {
	const slots = 50
	sums := newSums(t)
	owner, pusher := deploy(t, 1, sums.app, Spec{Unit: sfaas.KindCell}), deploy(t, 2, sums.app, Spec{Unit: sfaas.KindCell})
	m, err := newMeters(2, &Config{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	pusher.site.meters = m
	meet(t, owner, pusher)
	u := sfaas.Unit{Part: "add", Root: cell1}
	if err := owner.own(t.Context(), u, epochOf(1, 1, 0)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the route is known", func() bool { return pusher.route(u).Owner == 1 })
	owner.pushedBy([]sfaas.NodeID{2, 7})
	for slot := range sfaas.Slot(slots) {
		if err := sums.in.PushValue(pusher.rt, cell1, slot+1, &number{1}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all but a slot is known", func() bool {
		pusher.readNotes()
		pusher.said.mu.Lock()
		defer pusher.said.mu.Unlock()
		row := pusher.said.rows[saidName{1, u}]
		return row.Invocations >= slots-1
	})
	if err := owner.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	pusher.gone(1)
	eventually(t, "the owner's last words are passed on", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.lost[1] > 0
	})
	if got := m.usage.At(resource.Owner{App: "sums", Unit: u}, 1); got.Invocations < slots-1 || got.Invocations > slots {
		t.Errorf("%d invocations are known of %d", got.Invocations, slots)
	}
}

// TestLastWords lets a standby tell members who have been told before: all that a lost owner had used
// up to its last life, and nothing of another node.
func TestLastWords(t *testing.T) {
	m := &meters{usage: meter.NewLedger(1, resource.PowerModel{}, 1), others: map[sfaas.NodeID]*otherMeter{3: {met: true, told: 9}}, lost: map[sfaas.NodeID]uint64{}}
	n := &Node{id: 1, meters: m}
	merge := func(rows []sfaas.UnitStats) {
		for i := range rows {
			m.usage.Merge([]meter.Row{meter.RowOf(&rows[i])})
		}
	}
	merge(slotOf(2, 5, 2, 10))
	merge(slotOf(4, 5, 2, 10))
	m.inherit(2)
	merge(slotOf(2, 6, 2, 10)) // another life: it speaks for itself
	if o := m.others[3]; o.told != 0 || !o.owed {
		t.Errorf("%+v", o)
	}
	rows, _ := n.rowsFor(true, m.lost, 0)
	if len(rows) != 2 || rows[0].Node != 2 || rows[0].Life>>32 != 5 {
		t.Errorf("%+v", rows)
	}
	if rows, _ := n.rowsFor(false, m.lost, 0); len(rows) != 6 {
		t.Errorf("who is met for the first time hears of %d rows, want 6", len(rows))
	}
}

// BenchmarkNotesOfUnits is what owner and standby pay per slot together: the owner's worker writes a
// note, the standby reads once per round of twenty.
func BenchmarkNotesOfUnits(b *testing.B) {
	for _, units := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("units=%d", units), func(b *testing.B) {
			standby, _ := noting(b, 1, 1, nil)
			owner, _ := noting(b, 2, 5, standby)
			rows, n := slotOf(2, 5, units, 1000), 0
			row := meter.RowOf(&rows[0])
			bytes, _ := row.AppendBinary(nil)
			b.ReportAllocs()
			for b.Loop() {
				owner.writeNotes(rows)
				if n++; n%20 == 0 {
					standby.readNotes()
				}
			}
			b.ReportMetric(float64(len(bytes)*units), "bytes/slot")
		})
	}
}
