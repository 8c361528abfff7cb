// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"context"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// TestUsage pushes to a unit for a tenant, and finds what it used in the ledger of its node.
func TestUsage(t *testing.T) {
	ctx := context.Background()
	app, in, out := counter()
	node, err := placement.Join(ctx, placement.Config{Listen: "127.0.0.1:0", Token: []byte("secret"), Node: 1, Resources: resource.Discover()})
	check(err)
	defer node.Leave(ctx)
	const pushes = 100
	done := make(chan struct{}, pushes)
	dep, err := node.Deploy(app, placement.Spec{Unit: sfaas.KindCell, Tenant: "lab"}, placement.WithOutput(out, func(sfaas.Header, *uint64) { done <- struct{}{} }))
	check(err)
	unit := dep.Unit(sfaas.NewKey(sfaas.KindCell, 7))
	check(unit.Ensure(ctx))
	for n := range sfaas.Slot(pushes) {
		check(in.PushValue(unit, unit.Key(), n+1, &one))
		<-done
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		accounts := node.Usage().Tenants(nil)
		if len(accounts) == 1 && accounts[0].Tenant == "lab" && accounts[0].Invocations == 2*pushes { // with the sink
			if e := accounts[0].Energy; e.Joules <= 0 || e.Basis != resource.Modelled {
				t.Errorf("%v for %v", e, accounts[0].Busy)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%+v after %d pushes", accounts, pushes)
		}
	}
}
