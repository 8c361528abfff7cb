// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// fenced is a world of a soft unit that moves in mode Fed, while slots are pushed at the first
// node.
type fenced struct {
	*World
	t      *testing.T
	in     sfaas.Input[uint64]
	unit   sfaas.Unit
	key    sfaas.Key
	keys   []sfaas.Key // under which each slot is pushed
	next   sfaas.Slot
	period time.Duration      // between two slots
	made   map[sfaas.Slot]int // how often each slot was published
}

// period is the time between two slots, where nothing else is said.
const period = 100 * time.Microsecond

func newFenced(t *testing.T, cfg Config, edge ...sfaas.EdgeConfig) *fenced {
	t.Helper()
	f := &fenced{t: t, period: period, key: sfaas.NewKey(sfaas.KindCell, 1), made: map[sfaas.Slot]int{}}
	last := sfaas.NewValue[uint64]("last", sfaas.Volatile)
	fn := sfaas.Define("f", func(c *sfaas.Ctx, out, in *uint64) error {
		*last.Mut(c) = *in
		*out = *in
		return nil
	}, sfaas.FunctionConfig{History: 4, Cost: time.Microsecond}, last)
	g := sfaas.NewGraph("fenced")
	f.in = sfaas.Source[uint64](g, "in")
	out := sfaas.Sink(sfaas.Apply(f.in.With(append(edge, sfaas.EdgeConfig{})[0]), fn), "out")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	if f.unit, err = app.Unit("f", f.key); err != nil {
		t.Fatal(err)
	}
	f.World, err = New(app, cfg, sfaas.WithMode(sfaas.Replay), sfaas.WithOutput(out, func(h sfaas.Header, _ *uint64) { f.made[h.Slot]++ }))
	if err != nil {
		t.Fatal(err)
	}
	f.keys = []sfaas.Key{f.key}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// push pushes slots, one per period.
func (f *fenced) push(slots int) {
	f.t.Helper()
	for range slots {
		x := uint64(f.next)
		for _, key := range f.keys {
			if err := f.in.PushValue(f.Node(0), key, f.next, &x); err != nil {
				f.t.Fatal(err)
			}
		}
		f.next++
		f.RunFor(f.period)
	}
}

// spread lets slots come under keys of all cores of a node.
func (f *fenced) spread(cores uint8) {
	at := map[uint8]bool{f.key.KeyGroup() % cores: true}
	for ue := uint64(1); len(f.keys) < int(cores); ue++ {
		if key := f.key.Child(sfaas.KindUE, ue); !at[key.KeyGroup()%cores] {
			at[key.KeyGroup()%cores] = true
			f.keys = append(f.keys, key)
		}
	}
}

// agree fails if nodes name two owners of the unit, and returns the owner.
func (f *fenced) agree() sfaas.NodeID {
	f.t.Helper()
	for _, n := range f.nodes {
		if a, b := f.nodes[0].Owner(f.unit), n.Owner(f.unit); a != b {
			f.t.Fatalf("node 1 takes %d for the owner, and node %d takes %d", a, n.id, b)
		}
	}
	return f.nodes[0].Owner(f.unit)
}

// lastSlots fails if one of the last slots was not published once under each key.
func (f *fenced) lastSlots(n sfaas.Slot) {
	f.t.Helper()
	for slot := f.next - n; slot < f.next; slot++ {
		if f.made[slot] != len(f.keys) {
			f.t.Fatalf("slot %d, of %d, was published %d times", slot, f.next, f.made[slot])
		}
	}
}

// TestFedMoveOverABrokenConnection breaks the connection between the two owners at any moment
// of a move in mode Fed: it comes again, in the same life of both, and the move ends with the
// slots, and not before.
func TestFedMoveOverABrokenConnection(t *testing.T) {
	for at := time.Duration(0); at < 2*time.Millisecond; at += 50 * time.Microsecond {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			f := newFenced(t, Config{Nodes: 3, Cores: 2, Link: 40 * time.Microsecond})
			f.push(10)
			moved := false
			f.MoveUnit(f.nodes[0], f.nodes[1], f.unit, sfaas.MoveConfig{Mode: sfaas.Fed}, func(err error) {
				if moved = true; err != nil {
					t.Error(err)
				}
				if owner := f.Node(0).Owner(f.unit); owner != 2 {
					t.Errorf("the move has ended, and the owner is %d", owner)
				}
			})
			f.At(f.Now().Add(at), func() { f.cut(f.nodes[0], f.nodes[1], f.now) })
			f.push(100)
			if owner := f.agree(); !moved || owner != 2 {
				t.Errorf("moved: %v, and the owner is %d", moved, owner)
			}
			f.lastSlots(f.next)
		})
	}
}

// TestSnapshotAfterAFedMove takes a snapshot in the moment in which a move in mode Fed has
// ended, and nothing else happens: it waits for nothing.
func TestSnapshotAfterAFedMove(t *testing.T) {
	f := newFenced(t, Config{Nodes: 2, Cores: 3})
	f.push(10)
	moved := false
	f.MoveUnit(f.nodes[0], f.nodes[1], f.unit, sfaas.MoveConfig{Mode: sfaas.Fed}, func(error) { moved = true })
	for !moved {
		if f.push(1); f.next > 100 {
			t.Fatal("the move does not end")
		}
	}
	before := f.Now()
	if _, err := f.Snapshot(); err != nil {
		t.Error(err)
	}
	if waited := f.Now().Sub(before); waited > time.Millisecond {
		t.Errorf("the snapshot has taken %v", waited)
	}
}

// TestClaimOverAFence lets a third node claim a unit at any moment of a move in mode Fed, under
// the next epoch or a later one, or release it: all agree on one owner, or none, and what is
// pushed from then on is published once, or not at all.
func TestClaimOverAFence(t *testing.T) {
	step := 40 * time.Microsecond
	if testing.Short() {
		step = 250 * time.Microsecond
	}
	for _, release := range []bool{false, true} {
		for _, claimer := range []int{1, 2} { // of the numbers 2 and 3, where the target has the other one
			for epoch := uint32(1); epoch < 4; epoch++ {
				for at := time.Duration(0); at < 2*time.Millisecond; at += step {
					t.Run(fmt.Sprintf("release=%v/claimer=%d/epoch=%d/at=%v", release, claimer, epoch, at), func(t *testing.T) {
						f := newFenced(t, Config{Nodes: 4, Cores: 2, Link: 40 * time.Microsecond})
						f.push(10)
						ended := 0
						f.MoveUnit(f.nodes[0], f.nodes[3-claimer], f.unit, sfaas.MoveConfig{Mode: sfaas.Fed}, func(error) { ended++ })
						f.At(f.Now().Add(at), func() {
							if release {
								f.Release(f.nodes[claimer], f.unit, epoch, func(error) { ended++ })
							} else {
								f.Claim(f.nodes[claimer], f.unit, epoch, func(error) { ended++ })
							}
						})
						f.push(200)
						if ended != 2 {
							t.Errorf("%d of the two have ended", ended)
						}
						if f.agree() != 0 {
							f.lastSlots(100)
						} else if f.made[f.next-1] > 0 {
							t.Errorf("nobody owns the unit, and somebody serves it")
						}
					})
				}
			}
		}
	}
}

// whileMoving lets something happen so long after a move in mode Fed has begun, from the second of
// four nodes to the third. It fails if the claim or the move does not end, if not all agree on one
// owner, or if what is pushed from then on is not published once.
func whileMoving(t *testing.T, at time.Duration, what func(f *fenced)) {
	t.Helper()
	f := newFenced(t, Config{Nodes: 4, Cores: 2, Link: 40 * time.Microsecond})
	ended := 0
	f.Claim(f.nodes[1], f.unit, 1, func(error) { ended++ })
	f.push(10)
	f.MoveUnit(f.nodes[1], f.nodes[2], f.unit, sfaas.MoveConfig{Mode: sfaas.Fed}, func(error) { ended++ })
	f.At(f.Now().Add(at), func() { what(f) })
	f.push(200)
	if ended != 2 {
		t.Errorf("%d of the two have ended", ended)
	}
	if f.agree() == 0 {
		t.Error("nobody owns the unit")
	}
	f.lastSlots(100)
}

// TestForgetOverAFence lets two nodes forget each other, and meet again, at any moment of a move
// in mode Fed: the two owners, or one of them and a third node, where the slots are pushed or
// not. In the end all agree on one owner, and what is pushed from then on is published once.
func TestForgetOverAFence(t *testing.T) {
	step := 40 * time.Microsecond
	if testing.Short() {
		step = 250 * time.Microsecond
	}
	for _, pair := range [][2]int{{1, 2}, {0, 1}, {0, 2}, {1, 3}, {2, 3}} {
		for _, apart := range []time.Duration{0, 300 * time.Microsecond, 3 * time.Millisecond} {
			for at := time.Duration(0); at < 2*time.Millisecond; at += step {
				t.Run(fmt.Sprintf("pair=%v/apart=%v/at=%v", pair, apart, at), func(t *testing.T) {
					whileMoving(t, at, func(f *fenced) { f.Forget(f.nodes[pair[0]], f.nodes[pair[1]], apart) })
				})
			}
		}
	}
}

// TestReachedOfLongAgo lets a core of an earlier target see its first slot, of a move that has
// long ended, when the unit has been claimed and is about to move elsewhere in mode Fed: that
// move does not end for it, and all agree on an owner that has the unit.
func TestReachedOfLongAgo(t *testing.T) {
	for at := time.Duration(0); at < 400*time.Microsecond; at += 20 * time.Microsecond {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			f := newFenced(t, Config{Nodes: 3, Cores: 2, Link: 40 * time.Microsecond})
			other := f.key // at the other core
			for ue := uint64(1); other.KeyGroup()%2 == f.key.KeyGroup()%2; ue++ {
				other = f.key.Child(sfaas.KindUE, ue)
			}
			ended := 0
			done := func(err error) {
				if ended++; err != nil {
					t.Error(err)
				}
			}
			f.push(10)
			f.MoveUnit(f.nodes[0], f.nodes[1], f.unit, sfaas.MoveConfig{Mode: sfaas.Fed}, done)
			f.push(50)
			f.Claim(f.nodes[0], f.unit, 5, func(err error) {
				done(err)
				f.MoveUnit(f.nodes[0], f.nodes[2], f.unit, sfaas.MoveConfig{Mode: sfaas.Fed}, done)
			})
			f.At(f.Now().Add(at), func() {
				x := uint64(f.next)
				if err := f.in.PushValue(f.Node(1), other, f.next, &x); err != nil {
					t.Error(err)
				}
				f.next++
			})
			f.push(200)
			if owner := f.agree(); owner != 3 || ended != 3 {
				t.Errorf("%d of 3 have ended, and the owner is %d, want 3", ended, owner)
			}
			f.lastSlots(100)
		})
	}
}

// claimsInAMove lets a third node claim or release a unit at any moment of a move by image, while
// slots come under keys of all cores, one per period if that is not 0; then goes on from there, and
// ended counts how many of the two have.
func claimsInAMove(t *testing.T, step, period time.Duration, then func(t *testing.T, f *fenced, ended *int)) {
	for _, mode := range []sfaas.MoveMode{sfaas.Kept, sfaas.Soft} {
		for _, release := range []bool{false, true} {
			for epoch := uint32(1); epoch < 4; epoch++ {
				for at := time.Duration(0); at < 500*time.Microsecond; at += step {
					t.Run(fmt.Sprintf("mode=%v/release=%v/epoch=%d/at=%v", mode, release, epoch, at), func(t *testing.T) {
						f := newFenced(t, Config{Nodes: 3, Cores: 3, Link: 40 * time.Microsecond})
						f.spread(3)
						f.period = cmp.Or(period, f.period)
						f.push(3)
						ended := 0
						end := func(error) { ended++ }
						f.MoveUnit(f.nodes[0], f.nodes[1], f.unit, sfaas.MoveConfig{Mode: mode}, end)
						f.At(f.Now().Add(at), func() {
							if release {
								f.Release(f.nodes[2], f.unit, epoch, end)
							} else {
								f.Claim(f.nodes[2], f.unit, epoch, end)
							}
						})
						then(t, f, &ended)
					})
				}
			}
		}
	}
}

// TestClaimInAMove lets a third node claim or release a unit at any moment of a move by image,
// while slots come under keys of all cores: in the end all agree, and what is pushed from then on
// is published once at every core, or nowhere.
func TestClaimInAMove(t *testing.T) {
	step := 10 * time.Microsecond
	if testing.Short() {
		step = 30 * time.Microsecond
	}
	claimsInAMove(t, step, 0, func(t *testing.T, f *fenced, ended *int) {
		f.push(40)
		if *ended != 2 {
			t.Errorf("%d of the two have ended", *ended)
		}
		if f.agree() != 0 {
			f.lastSlots(20)
		} else if f.made[f.next-1] > 0 {
			t.Errorf("nobody owns the unit, and somebody serves it")
		}
	})
}

// TestFenceOutlivesItsOwnersRoute lets the old owner hear its own route from others, at any moment
// of a move in mode Fed: that says nothing of the fence.
func TestFenceOutlivesItsOwnersRoute(t *testing.T) {
	for at := time.Duration(0); at < 2*time.Millisecond; at += 50 * time.Microsecond {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			f := newFenced(t, Config{Nodes: 3, Cores: 2, Link: 40 * time.Microsecond})
			ended := 0
			f.Claim(f.nodes[1], f.unit, 5, func(error) { ended++ })
			f.push(10)
			f.MoveUnit(f.nodes[1], f.nodes[2], f.unit, sfaas.MoveConfig{Mode: sfaas.Fed}, func(err error) {
				if ended++; err != nil {
					t.Error(err)
				}
			})
			f.At(f.Now().Add(at), func() { f.cut(f.nodes[0], f.nodes[1], f.now) }) // then they tell each other what they know
			f.push(100)
			if owner := f.agree(); owner != 3 || ended != 2 {
				t.Errorf("%d of 2 have ended, and the owner is %d, want 3", ended, owner)
			}
			f.lastSlots(f.next)
		})
	}
}

// TestOneForgetsOverAFence lets one of two nodes forget the other, which only hears that they are
// linked again, and that what was on its way is lost, at any moment of a move in mode Fed: it
// ends, all agree on one owner, and what is pushed from then on is published once.
func TestOneForgetsOverAFence(t *testing.T) {
	step := 20 * time.Microsecond
	if testing.Short() {
		step = 200 * time.Microsecond
	}
	for _, pair := range [][2]int{{1, 2}, {2, 1}, {0, 1}, {1, 0}, {0, 2}, {2, 0}, {1, 3}, {3, 1}} {
		for at := time.Duration(0); at < 2*time.Millisecond; at += step {
			t.Run(fmt.Sprintf("pair=%v/at=%v", pair, at), func(t *testing.T) {
				whileMoving(t, at, func(f *fenced) {
					a, b := f.nodes[pair[0]], f.nodes[pair[1]]
					f.loseWay(a, b, 0)
					f.postAll(a, f.now, core.Event{Kind: core.EventPeer, From: core.Endpoint{Node: b.id}, Err: sfaas.ErrUnlinked})
					f.greet(a, b)
				})
			})
		}
	}
}

// TestTwoAskForAFence lets the owner of a unit ask for a fence while somebody asks for one whom it
// has replaced by a claim, which that one has not heard of: both are answered.
func TestTwoAskForAFence(t *testing.T) {
	for at := time.Duration(0); at < 120*time.Microsecond; at += 5 * time.Microsecond {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			f := newFenced(t, Config{Nodes: 4, Cores: 2, Link: 40 * time.Microsecond})
			ended := 0
			f.Claim(f.nodes[2], f.unit, 1, func(error) { ended++ })
			f.push(10)
			f.Claim(f.nodes[1], f.unit, 9, func(error) {
				ended++
				f.MoveUnit(f.nodes[1], f.nodes[3], f.unit, sfaas.MoveConfig{Mode: sfaas.Fed}, func(error) { ended++ })
			})
			f.At(f.Now().Add(at), func() {
				f.MoveUnit(f.nodes[2], f.nodes[3], f.unit, sfaas.MoveConfig{Mode: sfaas.Fed}, func(error) { ended++ })
			})
			f.push(200)
			if ended != 4 {
				t.Errorf("%d of 4 have ended", ended)
			}
			if f.agree() == 0 {
				t.Error("nobody owns the unit")
			}
			f.lastSlots(100)
		})
	}
}

// TestClaimInAMoveLosesNothingUncounted is TestClaimInAMove, where slots come so fast that some wait
// whenever the unit stops: each that was pushed is published, or counted where it was lost, whoever
// had it then.
func TestClaimInAMoveLosesNothingUncounted(t *testing.T) {
	step := 5 * time.Microsecond
	if testing.Short() {
		step = 20 * time.Microsecond
	}
	claimsInAMove(t, step, 7*time.Microsecond, func(_ *testing.T, f *fenced, _ *int) {
		f.push(200)
		f.RunFor(10 * time.Millisecond)
		f.account()
	})
}

// account fails if a slot was neither published nor counted as lost, or both.
func (f *fenced) account() {
	f.t.Helper()
	made, lost := 0, uint64(0)
	for _, n := range f.made {
		made += n
	}
	for _, n := range f.nodes {
		for _, s := range n.Stats() {
			lost += s.Stale + s.Dropped + s.Unheard
		}
	}
	if pushed := int(f.next) * len(f.keys); made+int(lost) != pushed {
		f.t.Errorf("%d slots were pushed, %d published and %d counted as lost: %d are neither", pushed, made, lost, pushed-made-int(lost))
	}
}

// TestClaimInAMoveKeepsPromises is that where pushes are promised: each that an image had which goes
// nowhere is pushed again, and published by who has claimed the unit.
func TestClaimInAMoveKeepsPromises(t *testing.T) {
	for at := time.Duration(0); at < 300*time.Microsecond; at += 10 * time.Microsecond {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			f := newFenced(t, Config{Nodes: 3, Cores: 3, Link: 40 * time.Microsecond}, sfaas.EdgeConfig{Guarantee: sfaas.AtLeastOnce})
			f.spread(3)
			f.period = 7 * time.Microsecond
			f.push(3)
			f.MoveUnit(f.nodes[0], f.nodes[1], f.unit, sfaas.MoveConfig{Mode: sfaas.Soft}, func(error) {})
			f.At(f.Now().Add(at), func() { f.Claim(f.nodes[2], f.unit, 2, func(error) {}) })
			f.push(100)
			f.RunFor(10 * time.Millisecond)
			for slot := range f.next {
				if f.made[slot] != len(f.keys) {
					t.Errorf("slot %d was published %d times, of %d", slot, f.made[slot], len(f.keys))
				}
			}
		})
	}
}
