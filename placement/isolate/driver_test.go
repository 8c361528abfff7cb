// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate_test

import (
	"testing"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/placement/resource/resourcetest"
)

func TestDriver(t *testing.T) { resourcetest.Driver(t, launcher) }

// TestEveryLeaseSaysWhatLacks looks for the lacks of this host where they belong: in its
// inventory and in each lease, which is what a sandbox says too.
func TestEveryLeaseSaysWhatLacks(t *testing.T) {
	v := resource.Discover(launcher)
	t.Logf("has %q", v.Isolation)
	for _, l := range v.Lacks {
		t.Log("lacks ", l)
	}
	table, err := resource.NewTable(v)
	if err != nil {
		t.Fatal(err)
	}
	l, err := table.Grant(0, resource.Request{TTL: 1})
	if err != nil || len(l.Lacks) != len(v.Lacks) {
		t.Errorf("the lease lacks %v (%v), the node %v", l.Lacks, err, v.Lacks)
	}
	means := []resource.Capability{resource.Namespaces, resource.Landlock, resource.Seccomp, resource.MemoryCap, resource.IdleClass}
	for _, c := range means {
		lacks := false
		for _, l := range v.Lacks {
			lacks = lacks || l.What == string(c)
		}
		if lacks == v.Can(c) {
			t.Errorf("%s: has it: %v, lacks it: %v", c, v.Can(c), lacks)
		}
	}
}
