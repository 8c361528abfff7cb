// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// Tenant is who shares nodes with others.
type Tenant struct {
	Name   string  // as in [resource.Owner]
	Weight float64 // its claim, relative to those of the others; more than 0
	Limits Limits  // of all of its units on one node together
}

// SharingConfig says what a node shares.
type SharingConfig struct {
	Tenants []Tenant

	// Cluster is what all nodes have together, per second, and Node what this one has: CPU
	// in cores, and so on. What is 0 is not scarce, and nobody's share is measured by it.
	Cluster, Node Amounts

	// Window is for how much of the node's time work is let in ahead of what has been
	// counted; 0 stands for [DefaultWindow]. It must be longer than the time between two
	// calls of [Sharing.Tick].
	Window time.Duration

	// Lag bounds for how long a tenant that wanted nothing here is preferred when it comes back,
	// as time of the whole cluster; 0 stands for [DefaultLag].
	Lag time.Duration
}

// Defaults of a [SharingConfig].
const (
	DefaultWindow = 4 * time.Millisecond
	DefaultLag    = 20 * time.Millisecond
)

// Sharing divides a node among tenants by weight and dominant resource: the one of which a
// tenant uses the largest share in the whole cluster (A. Ghodsi et al., Dominant Resource
// Fairness, NSDI 2011). Each node does so by itself.
//
// Each tenant has a virtual time, which passes with what it uses anywhere: by its share of the
// cluster's dominant resource over its weight. Its own node counts that at once, and what
// others have counted comes with their ledgers. Whoever is behind gets what is free at this
// node first:
//
//  1. Tick hears of what was used since the last one, here and elsewhere, and moves virtual
//     times on. A tenant that comes back is not further behind than Lag, so that it cannot
//     save up shares.
//
//  2. What is let in and not yet counted is at most a window of this node's time. What is
//     left of the window is free.
//
//  3. Free room goes to the tenants that have asked for it since, so that virtual times become
//     equal from the lowest on, as far as each wants. What nobody wants is granted to all by
//     weight, and who wants nothing may push once, so as to be heard.
//
//  4. Who is told to get less than it wants where others push into this node ([Sharing.Rival]) is waited
//     for: nobody gets ahead of it by more than a window.
//
// Nodes do not have to agree on virtual times. If each serves who is behind in its view, the
// views are served too: a tenant that is behind because it wants nothing here, or cannot get
// more where it is, costs nobody anything.
//
// Several goroutines may use a Sharing at once.
type Sharing struct {
	cfg SharingConfig

	mu      sync.Mutex
	tenants []claim // by name
	last    sfaas.Time
	started bool
}

// claim is a tenant at one node.
type claim struct {
	Tenant
	gate *Gate

	virtual float64    // seconds of the whole cluster over weight
	local   Amounts    // settled here, at the last tick
	remote  Amounts    // counted elsewhere, as last heard
	rate    Amounts    // shares of the cluster's resources in about the last second
	tried   uint64     // pushes, at the last tick
	wanted  float64    // pushes for which it asks, by the ticks so far
	active  bool       // it asks for some, here or elsewhere
	rival   sfaas.Time // until when it asks elsewhere for more than it gets

	// While room is shared:
	each    Amounts // of one push
	owed    Amounts // let in, and not counted yet
	step    float64 // by which one push moves its virtual time
	at      float64 // virtual time once all that is let in has been counted
	granted float64 // pushes
}

// NewSharing returns the sharing of a node. It returns an error for no tenant, for two of one
// name, weights that are not above 0, and invalid limits.
func NewSharing(cfg SharingConfig) (*Sharing, error) {
	if cfg.Window <= 0 {
		cfg.Window = DefaultWindow
	}
	if cfg.Lag <= 0 {
		cfg.Lag = DefaultLag
	}
	s := &Sharing{cfg: cfg}
	for _, t := range cfg.Tenants {
		if !(t.Weight > 0 && t.Weight < 1e9) {
			return nil, fmt.Errorf("meter: tenant %q has weight %v, want more than 0", t.Name, t.Weight)
		}
		at, found := s.find(t.Name)
		if found {
			return nil, fmt.Errorf("meter: tenant %q is there twice", t.Name)
		}
		gate, err := NewGate(t.Name, t.Limits, nil)
		if err != nil {
			return nil, fmt.Errorf("meter: tenant %q: %w", t.Name, err)
		}
		gate.shared, gate.granted = true, 1
		s.tenants = slices.Insert(s.tenants, at, claim{Tenant: t, gate: gate})
	}
	if len(s.tenants) == 0 {
		return nil, fmt.Errorf("meter: no tenants to share among")
	}
	return s, nil
}

func (s *Sharing) find(name string) (int, bool) {
	return slices.BinarySearchFunc(s.tenants, name, func(c claim, name string) int { return strings.Compare(c.Name, name) })
}

// Gate returns the gate of a tenant, nil if it is not known: the parent of the gates of its
// units.
func (s *Sharing) Gate(tenant string) *Gate {
	if at, found := s.find(tenant); found {
		return s.tenants[at].gate
	}
	return nil
}

// Resize says what there is from now on: cluster and node as in [SharingConfig].
func (s *Sharing) Resize(cluster, node Amounts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.Cluster, s.cfg.Node = cluster, node
}

// Rival says that a tenant is refused pushes at another node, for the share of others, which it
// would make into the node that is shared here: until a time, unless it is said again.
func (s *Sharing) Rival(tenant string, until sfaas.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, found := s.find(tenant); found {
		s.tenants[at].rival = max(s.tenants[at].rival, until)
	}
}

// Tick shares anew. It is called once a slot or so, after the gates of units have been
// settled. Elsewhere says what tenants have used on other nodes, as far as it is known
// ([Ledger.Elsewhere]). It does not allocate.
func (s *Sharing) Tick(now sfaas.Time, elsewhere []Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.started
	fade := math.Exp(-max(now.Sub(s.last).Seconds(), 0))
	s.started, s.last = true, now
	for i := range s.tenants {
		c := &s.tenants[i]
		remote := c.remote
		if at, found := slices.BinarySearchFunc(elsewhere, c.Name, func(a Account, name string) int { return strings.Compare(a.Tenant, name) }); found {
			remote = elsewhere[at].Amounts()
		}
		if first {
			c.remote = remote
		}
		c.pass(&s.cfg, remote, fade)
	}
	s.welcome(now)
	s.grant(now)
}

// pass moves the virtual time of a tenant on, and notes what it wants.
func (c *claim) pass(cfg *SharingConfig, remote Amounts, fade float64) {
	g := c.gate
	g.mu.Lock()
	local, tried := g.used, g.tried
	for q := range NumQuantities {
		c.each[q] = g.each(q)
		c.owed[q] = max(float64(g.taken-g.done)-g.presumed, 0) * c.each[q]
	}
	g.mu.Unlock()
	var news, ahead, one Amounts
	dominant, share := Quantity(0), 0.0
	for q := range NumQuantities {
		if cfg.Cluster[q] <= 0 {
			continue
		}
		news[q] = (local[q] - c.local[q] + max(remote[q]-c.remote[q], 0)) / cfg.Cluster[q]
		ahead[q], one[q] = c.owed[q]/cfg.Cluster[q], c.each[q]/cfg.Cluster[q]
		if c.rate[q] = c.rate[q]*fade + news[q]; c.rate[q] > share {
			dominant, share = q, c.rate[q]
		}
	}
	if share == 0 { // nothing is known of it: what one push uses most of
		dominant = largest(&one)
	}
	c.virtual += news[dominant] / c.Weight
	c.at, c.step = c.virtual+ahead[dominant]/c.Weight, one[dominant]/c.Weight
	c.local, c.remote = local, remote
	// Who was refused asks again, or has gone on: demand fades by half a tick.
	c.wanted = max(float64(tried-c.tried), c.wanted/2)
	c.tried = tried
}

func largest(a *Amounts) (q Quantity) {
	for i := range NumQuantities {
		if a[i] > a[q] {
			q = i
		}
	}
	return q
}

// welcome bounds how far those are behind that begin to ask, and keeps virtual times
// small: only their differences count.
func (s *Sharing) welcome(now sfaas.Time) {
	least, weights := math.Inf(1), 0.0
	for i := range s.tenants {
		c := &s.tenants[i]
		weights += c.Weight
		if c.active && (c.wanted >= 0.5 || c.rival > now) {
			least = min(least, c.virtual)
		}
	}
	for i := range s.tenants {
		c := &s.tenants[i]
		asks := c.wanted >= 0.5 || c.rival > now
		if asks && !c.active && !math.IsInf(least, 1) {
			up := max(least-s.cfg.Lag.Seconds()/weights-c.virtual, 0)
			c.virtual += up
			c.at += up
		}
		c.active = asks
	}
	if math.IsInf(least, 1) {
		return
	}
	for i := range s.tenants {
		s.tenants[i].virtual -= least
		s.tenants[i].at -= least
	}
}

// Share is what a tenant got of a cluster lately.
type Share struct {
	Tenant   string   // its name
	Weight   float64  // its claim, relative to others
	Dominant Quantity // of which it used most
	Share    float64  // of what the cluster has of it, in about the last second
	Claim    float64  // its weight over those of all tenants that used something
}

// Shares writes what each tenant got to dst, in the order of their names: as this node
// counts it, and as others have told.
func (s *Sharing) Shares(dst []Share) []Share {
	s.mu.Lock()
	defer s.mu.Unlock()
	dst = dst[:0]
	weights := 0.0
	for i := range s.tenants {
		c := &s.tenants[i]
		q := largest(&c.rate)
		dst = append(dst, Share{Tenant: c.Name, Weight: c.Weight, Dominant: q, Share: c.rate[q]})
		if c.rate[q] > 0 {
			weights += c.Weight
		}
	}
	for i := range dst {
		if dst[i].Share > 0 {
			dst[i].Claim = dst[i].Weight / weights
		}
	}
	return dst
}
