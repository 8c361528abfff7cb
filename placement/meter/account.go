// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"slices"
	"strings"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Account is what a tenant has used.
type Account struct {
	Tenant string // "" is nobody in particular
	Usage
	// Heard is that without what owners on other nodes had used when this ledger heard of each for
	// the first time: what a gate settles, so that nobody pays on the spot for what was used
	// before this node was there.
	Heard Usage
}

// add adds what was used besides.
func (a *Account) add(x *Account) {
	a.Usage.Add(&x.Usage)
	a.Heard.Add(&x.Heard)
}

// account returns what a record comes to.
func (r *record) account() Account {
	a := Account{Tenant: r.base.Owner.Tenant}
	r.sum(&a.Usage)
	a.Heard = a.Usage
	a.Heard.sub(&r.first)
	return a
}

// Account returns what a unit has used, wherever it was, as far as the ledger was told.
func (l *Ledger) Account(owner resource.Owner) Account {
	all := Account{Tenant: owner.Tenant}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.owners[owner] {
		a := r.account()
		all.add(&a)
	}
	return all
}

// Tenants writes what each tenant has used on all nodes to dst, in the order of their
// names.
func (l *Ledger) Tenants(dst []Account) []Account {
	return l.tenants(dst, func(sfaas.NodeID) bool { return true })
}

// TenantsOn writes what each tenant has used on one node to dst.
func (l *Ledger) TenantsOn(dst []Account, node sfaas.NodeID) []Account {
	return l.tenants(dst, func(n sfaas.NodeID) bool { return n == node })
}

// TenantsOff is [Ledger.Tenants] without what was used on one node.
func (l *Ledger) TenantsOff(dst []Account, node sfaas.NodeID) []Account {
	return l.tenants(dst, func(n sfaas.NodeID) bool { return n != node })
}

// Elsewhere is [Ledger.Tenants] without what was used on this node: for [Sharing.Tick],
// whose gates count that themselves.
func (l *Ledger) Elsewhere(dst []Account) []Account { return l.TenantsOff(dst, l.node) }

// tenants adds up the accounts of nodes. Each is summed anew only when something has changed
// there.
func (l *Ledger) tenants(dst []Account, of func(sfaas.NodeID) bool) []Account {
	dst = dst[:0]
	l.mu.Lock()
	defer l.mu.Unlock()
	for node, p := range l.nodes {
		if !of(node) {
			continue
		}
		if p.stale {
			p.accounts, p.stale = p.accounts[:0], false
			for _, r := range p.records {
				a := r.account()
				p.accounts = credit(p.accounts, &a)
			}
		}
		for i := range p.accounts {
			dst = credit(dst, &p.accounts[i])
		}
	}
	return dst
}

// credit adds to the account of a tenant.
func credit(accounts []Account, x *Account) []Account {
	at, found := slices.BinarySearchFunc(accounts, x.Tenant, func(a Account, name string) int { return strings.Compare(a.Tenant, name) })
	if !found {
		accounts = slices.Insert(accounts, at, Account{Tenant: x.Tenant})
	}
	accounts[at].add(x)
	return accounts
}
