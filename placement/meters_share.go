// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/sfaas"
)

// share lets tenants have what there is; m.mu is held.
func (m *meters) share(now sfaas.Time) {
	all := heard(m.usage.Tenants(m.accounts[0]))
	for _, a := range all {
		if g := m.whole[a.Tenant]; g != nil {
			g.Account(now, a.Usage)
		}
	}
	m.accounts[0] = all
	for node, s := range m.shares {
		for _, t := range m.tenants {
			s.Gate(t.Name).Presume(m.presumed[shareName{node, t.Name}])
		}
		there := heard(m.usage.TenantsOn(m.accounts[0], node))
		for _, a := range there {
			if g := s.Gate(a.Tenant); g != nil {
				g.Account(now, a.Usage)
			}
		}
		m.accounts[0], m.accounts[1] = there, heard(m.usage.TenantsOff(m.accounts[1], node))
		s.Tick(now, m.accounts[1])
		for _, t := range m.tenants {
			name := shareName{node, t.Name}
			if n := s.Gate(t.Name).Refused()[meter.NumQuantities]; n != m.refused[name] {
				m.refused[name], m.wants[name] = n, now
			}
		}
	}
}

// heard leaves of accounts what gates settle.
func heard(accounts []meter.Account) []meter.Account {
	for i := range accounts {
		accounts[i].Usage = accounts[i].Heard
	}
	return accounts
}

// Work of other nodes is counted some rounds later than that of this one, so more of it may be
// let in ahead.
const (
	ownWindow   = 4 * time.Millisecond
	otherWindow = 60 * time.Millisecond
)

// sharing returns how a node is shared by what is pushed from here; m.mu is held.
func (m *meters) sharing(node sfaas.NodeID) *meter.Sharing {
	if s := m.shares[node]; s != nil {
		return s
	}
	cfg := meter.SharingConfig{Window: otherWindow, Cluster: m.cluster(), Node: m.has(node)}
	if node == m.self {
		cfg.Window = ownWindow
	}
	for _, t := range m.tenants {
		cfg.Tenants = append(cfg.Tenants, meter.Tenant{Name: t.Name, Weight: t.Weight, Limits: meter.Limits{Class: t.Limits.Class}})
	}
	s, err := meter.NewSharing(cfg)
	if err != nil {
		panic(err) // names and weights have been validated
	}
	for _, t := range m.tenants {
		s.Gate(t.Name).Under(m.whole[t.Name])
	}
	m.shares[node] = s
	return s
}

// has returns what a node has, nothing if it has not told: then nothing there is scarce.
func (m *meters) has(node sfaas.NodeID) meter.Amounts {
	if node == m.self {
		return m.own
	}
	if o := m.others[node]; o != nil {
		return o.has
	}
	return meter.Amounts{}
}

// cluster returns what all nodes have.
func (m *meters) cluster() meter.Amounts {
	sum := m.own
	for _, o := range m.others {
		for q := range sum {
			sum[q] += o.has[q]
		}
	}
	return sum
}

// resize says anew what there is to share, since a node has come, gone or changed; m.mu is held.
func (m *meters) resize() {
	all := m.cluster()
	for node, s := range m.shares {
		s.Resize(all, m.has(node))
	}
}

// gone forgets a node, but for what it has used.
func (m *meters) gone(node sfaas.NodeID) {
	m.served.take(node)
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.others, node)
	m.resize()
}
