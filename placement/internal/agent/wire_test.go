// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// letters has one letter of each kind, with all fields that it has.
func letters() []Letter {
	row := UnitRow{Unit: 1<<63 + 5, Deployment: 77, Owner: 3, Want: 2, Kept: true, Epoch: 1 << 31, Life: 9, Version: 4, Standbys: [MaxStandbys]NodeID{1, 4095}}
	row.Columns[0], row.Columns[UnitColumns-1] = 1.5, -2e30
	node := NodeRow{Node: 12, State: NodeDraining, Incarnation: 1<<32 - 1, Version: 3, Deployed: 1 << 63}
	node.Columns[NodeColumns-1] = 0.25
	item := Item{Row: row, Role: RoleStandby, To: 4095, Rank: 1, Name: "uplink/cell7"}
	no := Refusal{Node: 5, Line: "memory", Got: "1 GiB", Want: "2 GiB"}
	deal := DealID{Leader: 7, Number: 1<<40 + 3}
	head := Letter{From: 7, Incarnation: 5}
	with := func(kind Kind, f func(l *Letter)) Letter {
		l := head
		l.Kind = kind
		f(&l)
		return l
	}
	inDeal := func(l *Letter) { l.Deal, l.Index = deal, 65535 }
	withItem := func(l *Letter) { inDeal(l); l.Item = item }
	return []Letter{
		with(Gossip, func(l *Letter) { l.Nodes, l.Units = []NodeRow{node, {Node: 1}}, []UnitRow{row} }),
		with(Reserve, withItem), with(Reserved, inDeal), with(Refused, func(l *Letter) { inDeal(l); l.Refusal = no }),
		with(Commit, inDeal), with(Committed, inDeal), with(Abort, inDeal), with(Order, withItem),
		with(Done, func(l *Letter) { withItem(l); l.Refusal = no }),
		with(Standing, func(l *Letter) { l.Item = item }), with(Release, func(l *Letter) { l.Item = item }), with(End, func(l *Letter) { l.Item = item }),
		with(Retired, withItem), with(Noted, withItem),
		with(Propose, func(l *Letter) { l.Moves = []Move{{1, 2, 3}, {1 << 63, 4095, 1}} }),
	}
}

func TestLettersAsBytes(t *testing.T) {
	same := cmp.Options{cmpopts.IgnoreUnexported(Letter{}), cmpopts.EquateEmpty()}
	kinds := map[Kind]bool{}
	for _, want := range letters() {
		kinds[want.Kind] = true
		b := want.Append(nil)
		var got Letter
		if err := got.Parse(b); err != nil {
			t.Fatalf("kind %d: %v", want.Kind, err)
		}
		if d := cmp.Diff(want, got, same); d != "" {
			t.Errorf("kind %d: %s", want.Kind, d)
		}
		for n := range b {
			if err := got.Parse(b[:n]); !errors.Is(err, ErrLetter) {
				t.Fatalf("kind %d cut to %d of %d bytes: got %v", want.Kind, n, len(b), err)
			}
		}
		if err := got.Parse(append(b, 0)); !errors.Is(err, ErrLetter) {
			t.Errorf("kind %d with a byte too many: got %v", want.Kind, err)
		}
	}
	if len(kinds) != int(lastKind) {
		t.Errorf("%d kinds, want all %d", len(kinds), lastKind)
	}
}

// FuzzLetter: whatever comes, a letter is refused or is one that is written as it was read,
// and an agent that gets it goes on.
func FuzzLetter(f *testing.F) {
	for _, l := range letters() {
		f.Add(l.Append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var l Letter
		if err := l.Parse(b); err != nil {
			if !errors.Is(err, ErrLetter) {
				t.Fatalf("another kind of error: %v", err)
			}
			return
		}
		again := l.Append(nil)
		var m Letter
		if err := m.Parse(again); err != nil {
			t.Fatalf("its own bytes are refused: %v", err)
		}
		if !bytes.Equal(again, m.Append(nil)) {
			t.Fatal("read and written again it is another letter")
		}
		a, err := New(Config{Node: 7, Incarnation: 5, Ledger: newShelf(4)})
		if err != nil {
			t.Fatal(err)
		}
		var out []Effect
		out = a.Step(1, &Event{Kind: MemberUp, Node: 12, Incarnation: 1}, out)
		out = a.Step(2, &Event{Kind: Arrived, Letter: &l}, out)
		a.Step(3, &Event{Kind: Tick}, out)
	})
}
