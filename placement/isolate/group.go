// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/manager"
	"golang.org/x/sys/unix"

	"github.com/neuroran/neuroran/placement/resource"
)

// group is the control group of one sandbox.
type group struct {
	cgroups.Manager
	limited bool // its memory is limited
	v2      bool
	start   cgroups.Resources // limits without a priority
}

// limits returns what holds from the start on. Swap counts as memory, so that a limit is
// one. Devices are left to Landlock: the rules of version 2 need a program in the kernel.
func limits(c *Config) *cgroups.Resources {
	pids := c.processes()
	r := &cgroups.Resources{SkipDevices: true, PidsLimit: &pids}
	if m := c.Lease.Need.Memory; m > 0 {
		r.Memory, r.MemorySwap = m, m
	}
	return r
}

// priority adds what holds once the process has started, in the words of both versions:
// best effort, or a weight of processor time against other groups. A start at such a
// priority could take as long as the neighbours please. There is no quota: see the package.
func priority(r cgroups.Resources, c *Config, v2 bool) *cgroups.Resources {
	idle := int64(1)
	cpu := c.Lease.Need.CPU
	switch {
	case c.Idle:
		r.CPUIdle = &idle
	case cpu == 0: // the kernel's default, which is that of one core
	case v2:
		r.CpuWeight = uint64(min(max(cpu/10, 1), 10000)) // within the kernel's limits
	default:
		r.CpuShares = uint64(min(max(cpu*1024/1000, 2), 262144)) // likewise
	}
	return &r
}

// newGroup makes a control group below the one of this process and puts a process into
// it. With version 2, where a group with processes can have no groups below it, it is
// beside that of this process instead, which must have been delegated with its parent
// (systemd: Delegate=yes and DelegateSubgroup=).
func newGroup(c *Config, pid int) (*group, error) {
	v2 := cgroups.IsCgroup2UnifiedMode()
	name := fmt.Sprintf("%s%d-%s", groupPrefix, os.Getpid(), strings.ToLower(rand.Text()[:12]))
	config := &cgroups.Cgroup{Path: name, Resources: limits(c)}
	if v2 {
		own, err := cgroups.ParseCgroupFile("/proc/self/cgroup")
		if err != nil {
			return nil, err
		}
		config.Path = path.Join(path.Dir(path.Clean("/"+own[""])), name)
	}
	m, err := manager.New(config)
	if err != nil {
		return nil, err
	}
	g := &group{Manager: m, limited: config.Memory > 0, v2: v2, start: *config.Resources}
	err = m.Apply(pid)
	if err == nil {
		err = m.Set(config.Resources)
	}
	if err != nil {
		return nil, errors.Join(err, m.Destroy())
	}
	for _, folder := range m.GetPaths() {
		sweep(filepath.Dir(folder))
	}
	return g, nil
}

// groupPrefix begins the names of groups; the number of the process that made it follows.
const groupPrefix = "neuroran-"

// sweep removes the groups that parents have left who were killed themselves. The kernel
// removes no group with a process in it.
func sweep(folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // it will be found next time
	}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), groupPrefix)
		number, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(number)
		if ours && err == nil && pid > 0 && unix.Kill(pid, 0) == unix.ESRCH {
			_ = os.Remove(filepath.Join(folder, e.Name())) // or it is not empty
		}
	}
}

// begin gives the group the priority of its lease.
func (g *group) begin(c *Config) error { return g.Set(priority(g.start, c, g.v2)) }

// hurry takes it back, so that the process may end while its neighbours are busy.
func (g *group) hurry() {
	idle := int64(0)
	r := g.start
	r.CPUIdle = &idle
	_ = g.Set(&r) // a group that has gone needs none
}

// lacks returns what the group of a sandbox has not.
func (g *group) lacks(c *Config) []resource.Lack {
	paths := g.GetPaths()
	var lacks []resource.Lack
	miss := func(what resource.Capability, controller string) {
		if _, unified := paths[""]; !unified && paths[controller] == "" {
			lacks = append(lacks, resource.Lack{What: string(what), Why: fmt.Sprintf("no controller %s", controller)})
		}
	}
	if g.limited {
		miss(resource.MemoryCap, "memory")
	}
	if c.Idle {
		miss(resource.IdleClass, "cpu")
	}
	return lacks
}

// Usage is what a sandbox has used of its lease.
type Usage struct {
	Memory     uint64 // bytes now
	MemoryPeak uint64 // bytes at most
	CPU        uint64 // nanoseconds
	Killed     uint64 // how often the limit of memory has ended it
}

// usage reads the counters of a group.
func (g *group) usage() (Usage, error) {
	stats, err := g.GetStats()
	if err != nil {
		return Usage{}, err
	}
	u := Usage{
		Memory: stats.MemoryStats.Usage.Usage, MemoryPeak: stats.MemoryStats.Usage.MaxUsage,
		CPU: stats.CpuStats.CpuUsage.TotalUsage,
	}
	u.Killed, err = g.OOMKillCount()
	return u, err
}
