// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// simulated is the scheduler function in a world of three nodes: it begins on the first one,
// the host with the radio is at the second, and it moves to the third and back. Ticks,
// schedules and feedback cross the network between. What becomes of grants is told by the host;
// or inside, where single outcomes come out of a receiver at the radio, and the collector there
// makes the feedback of them.
type simulated struct {
	world *sim.World
	unit  sfaas.Unit
	makers
	ticks    sfaas.Input[block.SlotIndication]
	feedback sfaas.Input[block.Feedback]
	outcomes sfaas.Input[block.Reported]
	inside   bool
	budgets  sfaas.Input[block.Budget]
	slot     time.Duration
	moves    int
	late     int // schedules that came after the end of their tick's slot
}

const radioNode = 2 // where the host is

// newSimulated returns a world for the cells of a configuration. Inside, feedback takes a slot
// longer than the loop says: in that it crosses the network.
func newSimulated(t *testing.T, cfg mac.Config, world sim.Config, inside bool) *simulated {
	t.Helper()
	if inside {
		cfg.FeedbackSlots++
	}
	s, err := block.NewScheduler(cfg)
	if err != nil {
		t.Fatal(err)
	}
	g := sfaas.NewGraph("simulated scheduler")
	x := &simulated{
		inside: inside, ticks: sfaas.Source[block.SlotIndication](g, "ticks"), budgets: sfaas.Source[block.Budget](g, "budgets"),
		slot: cfg.Carrier.Numerology().SlotDuration(),
	}
	sfaas.Control(x.budgets, s.Budgets)
	grants := sfaas.Apply(x.ticks, s.Fn).Cut("grants")
	out := sfaas.Sink(grants, "schedules")
	owned := []string{"schedules"}
	if inside {
		x.outcomes = sfaas.Source[block.Reported](g, "outcomes")
		collector := block.NewCollect(block.Config{Carrier: cfg.Carrier}, cfg.FeedbackSlots)
		sfaas.Control(grants, collector.Grants)
		sfaas.Control(sfaas.Source[block.Calibration](g, "calibrations"), collector.Calibrations)
		sfaas.Control(sfaas.Apply(x.outcomes, collector.Fn).Cut("feedback"), s.Feedback)
		owned = append(owned, collector.Fn.Name())
	} else {
		x.feedback = sfaas.Source[block.Feedback](g, "feedback")
		sfaas.Control(x.feedback, s.Feedback)
	}
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	world.Nodes = 3
	x.world, err = sim.New(app, world, sfaas.WithMode(sfaas.Replay), sfaas.WithDefaultOwner(radioNode, owned...),
		sfaas.WithNotices(func(sfaas.Notice) {}),
		sfaas.WithOutput(out, func(h sfaas.Header, s *nr.Schedule) {
			if sfaas.Time(0).Add(time.Duration(int(h.Slot)-cfg.K2+1)*x.slot) < x.world.Now() {
				x.late++
			}
			x.made(h.Key, s)
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.world.Close() })
	x.unit, err = app.Unit(s.Fn.Name(), block.CellKey(cfg.Carrier.CellID))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// newMaker returns the scheduler of a cell of the world. A tick is pushed at the start of its
// slot; what has not come back by its end is lost, also where it is on its way.
func (x *simulated) newMaker(cfg mac.Config) (Maker, error) {
	key := block.CellKey(cfg.Carrier.CellID)
	end := sfaas.Time(0)
	return x.add(&functionMaker{
		key: key, ahead: nr.Slot(cfg.K2), // no patience: the world goes on when it is asked to
		push: func(in *block.SlotIndication) error {
			start := sfaas.Time(0).Add(time.Duration(in.Slot) * x.slot)
			x.world.RunUntil(start)
			end = start.Add(x.slot - 1)
			return x.ticks.PushValue(x.world.Node(radioNode-1), key, sfaas.Slot(in.Slot), in)
		},
		feed: func(slot nr.Slot, heard *block.Feedback) error {
			if !x.inside {
				return x.feedback.PushValue(x.world.Node(radioNode-1), key, sfaas.Slot(slot), heard)
			}
			for i := range heard.Grants {
				if err := x.outcomes.PushValue(x.world.Node(radioNode-1), key, sfaas.Slot(heard.Slot), &block.Reported{Feedback: heard.Grants[i]}); err != nil {
					return err
				}
			}
			return nil
		},
		settle: func(context.Context) error {
			x.world.RunUntil(end)
			return x.failed()
		},
		look: func(context.Context, uint16) (mac.UE, bool, error) { return mac.UE{}, false, nil },
	})
}

// failed returns the first fault of a function, which is what mac.Check has found.
func (x *simulated) failed() error {
	for i := range 3 {
		for _, n := range x.world.Node(i).Notices() {
			if n.Kind == sfaas.NoticeFault {
				return n.Err
			}
		}
	}
	return nil
}

// move brings the unit to the other of the two nodes that serve it.
func (x *simulated) move(t *testing.T) {
	from, to := x.world.Node(0), x.world.Node(2)
	if x.moves%2 == 1 {
		from, to = to, from
	}
	x.moves++
	x.world.MoveUnit(from, to, x.unit, sfaas.MoveConfig{Mode: sfaas.Kept}, func(err error) {
		if err != nil {
			t.Errorf("move %d: %v", x.moves, err)
		}
	})
}

// TestFunctionSimulated runs the loop with the scheduler function in sfaas/sim, where ticks,
// schedules and feedback are late and lost on the network, and its unit moves; feedback of the
// host is late, out of order and lost beside that. Every schedule is checked: no process is used
// twice, and nothing else that mac.Check knows; and no UE stalls.
//
// NEURORAN_LONG=1 runs 10^6 slots.
func TestFunctionSimulated(t *testing.T) {
	slots := 20_000
	if os.Getenv("NEURORAN_LONG") == "1" {
		slots = 1_000_000
	}
	for _, inside := range []bool{false, true} {
		t.Run(fmt.Sprintf("collector=%v", inside), func(t *testing.T) { testSimulated(t, slots, inside) })
	}
}

func testSimulated(t *testing.T, slots int, inside bool) {
	cfg := testConfig(4, mac.ProportionalFair{}, Traffic{Pattern: OnOff, Mbps: 6, Off: 20 * time.Millisecond})
	cfg.Impairments = Impairments{GrantLoss: 0.01, FeedbackLoss: 0.02, FeedbackJitter: 12}
	faults := []sim.Fault{
		{From: "ticks", Jitter: 300 * time.Microsecond, Loss: 0.01},
		{To: "schedules", Jitter: 200 * time.Microsecond, Loss: 0.01},
		{From: "feedback", Jitter: 300 * time.Microsecond, Loss: 0.01},
	}
	if inside {
		cfg.Impairments = Impairments{GrantLoss: 0.01}
		faults = append(faults[:2], sim.Fault{From: "ran/collect", Jitter: 400 * time.Microsecond, Loss: 0.02})
	}
	x := newSimulated(t, cfg.MAC, sim.Config{Seed: 1, Link: 20 * time.Microsecond, Spread: 30 * time.Microsecond, Faults: faults}, inside)
	cfg.NewMaker = x.newMaker
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var served [4]nr.Slot // last slot with a grant, of each UE
	longest, empty := nr.Slot(0), 0
	l.Watch(func(s *nr.Schedule, _ []Reception) {
		if len(s.Grants) == 0 {
			empty++
		}
		for i := range s.Grants {
			u := s.Grants[i].RNTI - 1
			longest = max(longest, s.Slot-served[u])
			served[u] = s.Slot
		}
		if s.Slot%1000 == 999 {
			x.move(t)
		}
	})
	if err := l.Run(slots); err != nil {
		t.Fatal(err)
	}
	ues, sum := l.Report()
	t.Logf("%d slots, %d moves, %d messages lost, %d schedules too late, %d slots without grants, the longest pause of a UE %d slots, %.2f Mbit/s, history %.16s and %.16s",
		slots, x.moves, x.world.Lost(), x.late, empty, longest, sum.Mbps, sum.History, x.world.History())
	if x.moves < slots/1000 || int(x.world.Lost()) < slots/100 || x.late == 0 {
		t.Error("the world is too kind")
	}
	if longest > 1500 { // of which 20 ms, and ten times that at most, were without traffic
		t.Errorf("a UE stalls for %d slots", longest)
	}
	for i, u := range ues {
		if served[i]+1500 < nr.Slot(slots) || u.First < slots/20 || u.BLER1 > 0.15 {
			t.Errorf("UE %d, last served in slot %d: %+v", i+1, served[i], u)
		}
	}
}
