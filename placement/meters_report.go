// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/sfaas"
)

// TenantReport is what a tenant has used on all nodes, and what it gets of them.
type TenantReport struct {
	meter.Account
	Got meter.Share // of what all nodes have, in about the last second, as far as nodes have told
}

// String returns a form such as "tenant lab: 12 invocations, 3ms, 0.02 J modelled; lately 14 % of all processor time, of 1/7".
func (t TenantReport) String() string {
	return fmt.Sprintf("%s: %d invocations, %v, %v; lately %.1f %% of all %v, its claim is %.1f %%", tenantName(t.Tenant), t.Invocations,
		cmp.Or(t.CPU, t.Busy).Round(time.Microsecond), t.Energy, 100*t.Got.Share, t.Got.Dominant, 100*t.Got.Claim)
}

// LimitReport says what a gate of this node has let in and refused.
type LimitReport struct {
	Name    string         // of a unit, or of a tenant
	Tried   uint64         // pushes that have asked
	Taken   uint64         // that were let in
	Refused meter.Refusals // by the quantity whose limit was used up; the last ones for the share of others
}

func limitReport(name string, g *meter.Gate) LimitReport {
	l := LimitReport{Name: name, Refused: g.Refused()}
	l.Tried, l.Taken = g.Passed()
	return l
}

// Bit returns how many pushes were refused.
func (l *LimitReport) Bit() (n uint64) {
	for _, x := range l.Refused {
		n += x
	}
	return n
}

// String returns a form such as "limits of uplink cell7: 90 of 100 pushes let in; refused: 10 for processor time".
func (l LimitReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "limits of %s: %d of %d pushes let in", l.Name, l.Taken, l.Tried)
	sep := "; refused: "
	for q, n := range l.Refused {
		what := "the share of others"
		if q < int(meter.NumQuantities) {
			what = meter.Quantity(q).String()
		}
		if n > 0 {
			fmt.Fprintf(&b, "%s%d for %s", sep, n, what)
			sep = ", "
		}
	}
	return b.String()
}

// PromiseReport says how an [SLA] was kept for what a deployment has under one key.
type PromiseReport struct {
	Deployment string    // by its name
	Root       sfaas.Key // under which its units are
	meter.Report
	Broken error // a [*meter.BrokenError] for the first term that was not kept, nil if all were
}

// String returns a form such as "uplink cell7: 1000 slots, 998 served, 3 late, p99 …: kept".
func (p PromiseReport) String() string {
	word := "kept"
	if p.Broken != nil {
		word = p.Broken.Error()
	}
	return fmt.Sprintf("%s %v: %d slots, %d served, %d missed, %d late; latency p50 %v, p99 %v, at the quantile %v; %.4g slots per second, availability %.5f: %s", p.Deployment, p.Root,
		p.Slots, p.Served, p.Missed, p.Late, p.P50, p.P99, p.AtQuantile, p.Throughput(), p.Availability(), word)
}

// rates is what tenants have used in about the last second.
type rates struct {
	at    sfaas.Time
	last  []meter.Account
	share []meter.Share
}

// rate measures what tenants get: once per second.
func (m *meters) rate(now sfaas.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := &m.rates
	accounts := m.usage.Tenants(nil)
	all, seconds := m.cluster(), now.Sub(r.at).Seconds()
	if r.at > 0 && seconds > 0 {
		r.share = r.share[:0]
		weights := 0.0
		for _, a := range accounts {
			s := meter.Share{Tenant: a.Tenant, Weight: m.weight(a.Tenant), Dominant: meter.CPU}
			used, before := a.Heard.Amounts(), meter.Amounts{}
			if at, ok := slices.BinarySearchFunc(r.last, a.Tenant, func(a meter.Account, name string) int { return strings.Compare(a.Tenant, name) }); ok {
				before = r.last[at].Heard.Amounts()
			}
			for q := range meter.NumQuantities {
				if all[q] <= 0 {
					continue
				}
				if x := (used[q] - before[q]) / seconds / all[q]; x > s.Share {
					s.Dominant, s.Share = q, x
				}
			}
			if s.Share > 0 {
				weights += s.Weight
			}
			r.share = append(r.share, s)
		}
		for i := range r.share {
			if r.share[i].Share > 0 {
				r.share[i].Claim = r.share[i].Weight / weights
			}
		}
	}
	r.at, r.last = now, accounts
}

// weight returns the claim of a tenant.
func (m *meters) weight(tenant string) float64 {
	for _, t := range m.tenants {
		if t.Name == tenant {
			return t.Weight
		}
	}
	return 1
}

// report adds what the meters know.
func (m *meters) report(r *Report) {
	r.Usage, _ = m.usage.Rows(nil, 0)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.usage.Tenants(nil) {
		t := TenantReport{Account: a, Got: meter.Share{Tenant: a.Tenant, Weight: m.weight(a.Tenant), Dominant: meter.CPU}}
		for _, s := range m.rates.share {
			if s.Tenant == a.Tenant {
				t.Got = s
			}
		}
		r.Tenants = append(r.Tenants, t)
	}
	for _, g := range m.whole {
		r.Limits = append(r.Limits, limitReport(g.Name(), g))
	}
	for node, s := range m.shares {
		for _, t := range m.tenants {
			if l := limitReport(fmt.Sprintf("%s at node %d", tenantName(t.Name), node), s.Gate(t.Name)); l.Tried > 0 {
				r.Limits = append(r.Limits, l)
			}
		}
	}
	for name, g := range m.units {
		r.Limits = append(r.Limits, limitReport(g.gate.Name(), g.gate))
		if g.kept != nil {
			p := PromiseReport{Deployment: name.deployment, Root: name.root, Report: g.kept.report()}
			p.Broken = g.kept.sla.Check(&p.Report)
			r.Promises = append(r.Promises, p)
		}
	}
	slices.SortFunc(r.Limits, func(a, b LimitReport) int {
		return cmp.Or(cmp.Compare(b.Bit(), a.Bit()), strings.Compare(a.Name, b.Name))
	})
	slices.SortFunc(r.Promises, func(a, b PromiseReport) int {
		return cmp.Or(strings.Compare(a.Deployment, b.Deployment), a.Root.Compare(b.Root))
	})
}
