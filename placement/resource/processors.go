// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Processors is the driver of processors and of the NUMA nodes that they are near to.
// It finds those that are online and on which this process may run, and the processor
// time that the control groups around it allow.
type Processors struct{}

// Name implements [Driver].
func (Processors) Name() string { return "cpu" }

// Discover implements [Driver].
func (Processors) Discover(h Host, v *Inventory) {
	v.CPUs, v.NUMA, v.Quota = nil, nil, 0
	ids, err := h.usable()
	if err != nil {
		v.Miss("cpu", "%v", err)
	}
	near := h.numa(ids, v)
	for _, id := range ids {
		topology := fmt.Sprintf("sys/devices/system/cpu/cpu%d/topology/", id)
		// A kernel without topology has one core a processor, all on one socket.
		core, err := h.number(topology + "core_id")
		if err != nil || core >= maxCPUs {
			core = int64(id)
		}
		socket, err := h.number(topology + "physical_package_id")
		if err != nil || socket >= maxCPUs {
			socket = 0
		}
		v.CPUs = append(v.CPUs, CPU{ID: id, Core: int(core), Socket: int(socket), NUMA: near[id]})
	}
	v.Quota = h.quota(v)
}

// usable returns the processors that are online and allowed to this process: cpusets
// and affinity both stand in its status.
func (h Host) usable() ([]int, error) {
	online, err := h.list("sys/devices/system/cpu/online")
	text, err2 := h.field("proc/self/status", "Cpus_allowed_list")
	var allowed []int
	if err2 == nil {
		allowed, err2 = parseList("proc/self/status", text)
	}
	switch {
	case err == nil && err2 == nil:
		return slices.DeleteFunc(online, func(id int) bool { return !slices.Contains(allowed, id) }), nil
	case err == nil:
		return online, err2
	case err2 == nil:
		return allowed, err
	}
	for id := range h.CPUs {
		online = append(online, id)
	}
	return online, err
}

// numa adds the NUMA nodes that have memory or usable processors, and returns to which
// one each processor is near.
func (h Host) numa(usable []int, v *Inventory) map[int]int {
	near := map[int]int{}
	const root = "sys/devices/system/node/"
	ids, err := h.list(root + "online")
	if err != nil {
		return near // a kernel without NUMA: one node, which is the machine
	}
	for _, id := range ids {
		folder := root + "node" + strconv.Itoa(id) + "/"
		cpus, err := h.list(folder + "cpulist")
		if err != nil {
			v.Miss("numa", "%v", err)
			continue
		}
		cpus = slices.DeleteFunc(cpus, func(cpu int) bool { return !slices.Contains(usable, cpu) })
		for _, cpu := range cpus {
			near[cpu] = id
		}
		// The lines of a node's meminfo begin with its name.
		memory, err := h.kilobytes(folder+"meminfo", fmt.Sprintf("Node %d MemTotal", id))
		if err != nil {
			v.Miss("numa", "%v", err)
		}
		v.NUMA = append(v.NUMA, NUMANode{ID: id, CPUs: cpus, Memory: memory})
	}
	return near
}

// quota returns the least processor time that a control group around the process
// allows, or 0 for no limit.
//
// Version 2 has "max 100000" or "50000 100000" in cpu.max, version 1 has -1 or 50000 in
// cpu.cfs_quota_us beside cpu.cfs_period_us: microseconds in each period.
func (h Host) quota(v *Inventory) Milli {
	least := Milli(0)
	note := func(path, quota, period string) {
		q, err := amount(path, quota)
		p, err2 := amount(path, period)
		if err != nil || err2 != nil || p == 0 || q > maxAmount/1000 {
			v.Miss("cpu quota", "%s: got %q of %q, want microseconds", path, clip(quota), clip(period))
			return
		}
		if share := max(Milli(q*1000/p), 1); least == 0 || share < least {
			least = share
		}
	}
	for _, folder := range h.groups("") {
		if text, err := h.read(folder + "/cpu.max"); err == nil {
			quota, period, _ := strings.Cut(text, " ")
			if quota != "max" {
				note(folder+"/cpu.max", quota, period)
			}
		}
	}
	for _, folder := range h.groups("cpu") {
		quota, err := h.read(folder + "/cpu.cfs_quota_us")
		period, err2 := h.read(folder + "/cpu.cfs_period_us")
		if err == nil && err2 == nil && !strings.HasPrefix(quota, "-") {
			note(folder+"/cpu.cfs_quota_us", quota, period)
		}
	}
	return least
}
