// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// TestLimitsAreKept pushes through handles at the owner's node and at another one, as fast as they
// take it, and without anything around them: by no clock more is used than the limit of the
// unit and that of its tenant allow. What was refused stands in the report, and what was used,
// by whom, at what cost.
func TestLimitsAreKept(t *testing.T) {
	const perSecond, enough = 2000, 300 // invocations
	for _, c := range []struct {
		name   string
		unit   bool // the limit is of the unit, or of the tenant
		class  meter.Class
		remote bool // it is pushed elsewhere than it is
	}{{"unit here", true, meter.Refuse, false}, {"unit elsewhere", true, meter.Wait, true}, {"tenant elsewhere", false, meter.Wait, true}} {
		t.Run(c.name, func(t *testing.T) {
			limits := meter.Limits{Class: c.class}
			limits.PerSecond[meter.Invocations] = perSecond
			tenant := meter.Tenant{Name: "lab", Weight: 2}
			spec := Spec{Unit: sfaas.KindCell, Slot: time.Millisecond, Tenant: "lab", SLA: SLA{Deadline: time.Minute}}
			if c.unit {
				spec.Limits = limits
			} else {
				tenant.Limits = limits
			}
			z := &zone{t: t}
			for i := range 2 {
				z.join(func(cfg *Config) {
					cfg.Tenants = []meter.Tenant{tenant}
					if i == 1 {
						cfg.Resources = resource.Inventory{}
					}
				})
			}
			z.await(z.nodes[0], 2)
			sums := newSumsOf(t, true, 0)
			deps := z.deploy(sums.app, spec)
			at := deps[0]
			if c.remote {
				at = deps[1]
			}
			unit := at.Unit(cell1)
			if err := unit.Ensure(z.context()); err != nil {
				t.Fatal(err)
			}
			begin, taken, refused := time.Now(), 0, 0
			for slot := sfaas.Slot(1); taken < enough; slot++ {
				err := sums.in.PushValue(unit, cell1, slot, &number{1})
				var limit *meter.LimitError
				switch {
				case err == nil:
					taken++
				case errors.As(err, &limit) && (limit.Shared || limit.Quantity == meter.Invocations && errors.Is(err, sfaas.ErrBusy) == (c.class == meter.Wait)):
					refused++
					time.Sleep(100 * time.Microsecond)
				default:
					t.Fatal(err)
				}
				if time.Since(begin) > 30*time.Second {
					t.Fatalf("%d of %d pushes in 30 s", taken, enough)
				}
			}
			// A burst, what is let in before anything is known, and a push or two.
			allowed := perSecond*(time.Since(begin)+meter.DefaultBurst).Seconds() + 10
			t.Logf("%d let in, %d refused, in %v", taken, refused, time.Since(begin))
			if float64(taken) > allowed || refused == 0 {
				t.Errorf("%d pushes of one invocation each were let in, %.1f may be; %d refused", taken, allowed, refused)
			}
			owner := resource.Owner{App: "sums", Tenant: "lab", Unit: sfaas.Unit{Part: "add", Root: cell1}}
			for _, n := range z.nodes {
				z.eventually(func() string {
					r := n.Report()
					for _, u := range r.Usage {
						if u.Owner == owner && u.Node == 1 && u.Epoch > 0 && u.Invocations == enough && u.Energy.Basis == resource.Modelled && u.Energy.Joules > 0 &&
							len(r.Tenants) == 1 && r.Tenants[0].Tenant == "lab" && r.Tenants[0].Got.Weight == 2 && r.Tenants[0].Invocations == enough {
							return ""
						}
					}
					return fmt.Sprintf("node %d: want %d invocations of %v\n%v", n.ID(), enough, owner, r)
				})
			}
			r := at.ctl.(*Node).Report()
			bit, shared := uint64(0), uint64(0)
			for _, l := range r.Limits {
				bit, shared = bit+l.Refused[meter.Invocations], shared+l.Refused[meter.NumQuantities]
			}
			if bit == 0 || bit+shared != uint64(refused) {
				t.Errorf("%d were refused:\n%v", refused, r)
			}
			if len(r.Promises) != 1 || r.Promises[0].Slots != uint64(taken+refused) && r.Promises[0].Slots < uint64(taken) {
				t.Errorf("promises: %v", r.Promises)
			}
		})
	}
}

// TestTenantsAreKnown refuses a deployment for a tenant that shares nothing here, and a
// configuration whose weights make no sense.
func TestTenantsAreKnown(t *testing.T) {
	z := &zone{t: t}
	n := z.join(func(c *Config) { c.Tenants = []meter.Tenant{{Name: "lab", Weight: 1}} })
	sums := newSums(t)
	var option *sfaas.OptionError
	if _, err := n.Deploy(sums.app, Spec{Unit: sfaas.KindCell, Tenant: "other"}); !errors.As(err, &option) || option.Option != "placement.Spec.Tenant" {
		t.Errorf("got %v", err)
	}
	if _, err := n.Deploy(sums.app, Spec{Unit: sfaas.KindCell}); err != nil {
		t.Errorf("nobody in particular: %v", err)
	}
	var needs Spec
	needs.Unit, needs.Name = sfaas.KindCell, "needy"
	needs.Limits.PerSecond[meter.CPU], needs.Needs.CPU = 0.5, 600
	if _, err := n.Deploy(sums.app, needs); !errors.As(err, &option) || option.Option != "placement.Spec.Needs.CPU" {
		t.Errorf("got %v", err)
	}
	for _, bad := range [][]meter.Tenant{{{Name: "a", Weight: 0}}, {{Name: "a", Weight: 1}, {Name: "a", Weight: 1}}} {
		if _, err := Join(t.Context(), Config{Listen: "127.0.0.1:0", Tenants: bad}); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

// TestPromiseOfOutputsElsewhere pushes at a node where nothing comes out: the other one says which
// slots were served, and how late.
func TestPromiseOfOutputsElsewhere(t *testing.T) {
	z := &zone{t: t}
	z.join(nil)
	z.join(func(c *Config) { c.Resources = resource.Inventory{} })
	z.await(z.nodes[0], 2)
	sums := newSumsOf(t, false, 0)
	out := make(chan sfaas.Slot, 1000)
	spec := Spec{Unit: sfaas.KindCell, Slot: time.Millisecond, SLA: SLA{Deadline: time.Hour, Availability: 0.9}}
	var deps []*Deployment
	for _, n := range z.nodes {
		d, err := n.Deploy(sums.app, spec, WithRuntime(sfaas.WithMode(sfaas.Replay)), WithOutput(sums.out, func(h sfaas.Header, _ *number) { out <- h.Slot }))
		if err != nil {
			t.Fatal(err)
		}
		deps = append(deps, d)
	}
	unit := deps[1].Unit(cell1)
	if err := unit.Ensure(z.context()); err != nil {
		t.Fatal(err)
	}
	const slots = 100
	for n := range sfaas.Slot(slots) {
		if err := sums.in.PushValue(unit, cell1, n+1, &number{1}); err != nil {
			t.Fatal(err)
		}
		<-out
	}
	z.eventually(func() string {
		p := z.nodes[1].Report().Promises
		if len(p) == 1 && p[0].Slots == slots && p[0].Served == slots && p[0].Missed == 0 && p[0].Late == 0 && p[0].P50 > 0 && p[0].Broken == nil && p[0].Throughput() > 0 {
			return ""
		}
		return fmt.Sprint(p)
	})
}
