// SPDX-License-Identifier: Apache-2.0

package resourcetest_test

import (
	"fmt"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/placement/resource/resourcetest"
)

// A recording of a container with half a core of four processors.
func ExampleTree() {
	tree := resourcetest.Tree(`
-- sys/devices/system/cpu/online --
0-3
-- proc/self/cgroup --
0::/
-- proc/self/mountinfo --
31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
-- sys/fs/cgroup/cpu.max --
50000 100000
`)
	v := resource.Read(resource.Host{FS: tree})
	fmt.Printf("%d processors, of which %v may be lent\n", len(v.CPUs), v.Cores())
	// Output: 4 processors, of which 0.5 may be lent
}
