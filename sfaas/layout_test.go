// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/tensor"
)

// user is an element with memory of its own, as a scheduled UE has.
type user struct {
	RNTI    uint16
	Symbols []int16
	Weights tensor.Tensor[float32]
}

// schedule holds everything that a message may hold: a plain slice, a slice
// with slices in it, and a field without a layout.
type schedule struct {
	Raw   []byte
	Users []user
	Note  *string
	Pair  [2]user
}

// kin is a type that contains itself.
type kin struct{ Kids []kin }

func scheduleOf(n int, note *string) *schedule {
	s := &schedule{Raw: make([]byte, 100*n), Note: note}
	for i := range n {
		u := user{RNTI: uint16(i + 1), Symbols: make([]int16, 3*i), Weights: tensor.New[float32]([]int{2, i + 1}, "rx", "tap")}
		for j := range u.Weights.Data() {
			u.Weights.Data()[j] = float32(10*i + j)
		}
		s.Raw[i] = byte(i)
		s.Users = append(s.Users, u)
	}
	s.Pair[1].Symbols = []int16{int16(n)}
	return s
}

// TestNoAllocsPushValue copies messages of changing sizes with slices of
// structs: once the recycled message has grown, nothing is allocated, and what
// arrives is what was pushed.
func TestNoAllocsPushValue(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	g := sfaas.NewGraph("push")
	in := sfaas.Source[schedule](g, "in")
	out := sfaas.Sink(in, "out")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	var want *schedule
	check := true
	cores, err := newCores(app, nil, sfaas.WithWorkers(1), sfaas.WithOutput(out, func(_ sfaas.Header, got *schedule) {
		if check {
			same := cmp.Comparer(func(a, b tensor.Tensor[float32]) bool { return a.Equal(b) })
			if d := cmp.Diff(want, got, same, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer cores.Close()
	note := "shared"
	sizes := []*schedule{scheduleOf(4, &note), scheduleOf(1, nil), scheduleOf(6, &note), scheduleOf(3, nil)}
	host, k := &coreHost{cores: cores}, cores.List[0]
	var eff []core.Effect
	slot := sfaas.Slot(0)
	turn := func() {
		for _, s := range sizes {
			want = s
			slot++
			if err := in.PushValue(host, sfaas.NewKey(sfaas.KindCell, 1), slot, s); err != nil {
				t.Fatal(err)
			}
			eff = k.Step(&host.event, eff[:0])
			for k.Ready() {
				eff = k.Run(sfaas.Time(slot), eff[:0])
			}
		}
	}
	for range 3 {
		turn()
	}
	check = false
	if n := testing.AllocsPerRun(100, turn); n != 0 {
		t.Errorf("%v allocations for %d messages, want 0", n, len(sizes))
	}
}

// TestRecursiveMessage builds a graph whose message contains itself.
func TestRecursiveMessage(t *testing.T) {
	g := sfaas.NewGraph("kin")
	sfaas.Sink(sfaas.Source[kin](g, "in"), "out")
	if _, err := g.Build(); err != nil {
		t.Error(err)
	}
}
