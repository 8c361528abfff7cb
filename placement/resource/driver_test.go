// SPDX-License-Identifier: Apache-2.0

package resource_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/placement/resource/resourcetest"
	"github.com/neuroran/neuroran/sfaas"
)

func TestDrivers(t *testing.T) {
	declared := resource.Declared{
		Links:        []resource.Link{{Name: "eth0", BitsPerSecond: 1e9, Up: true}},
		Accelerators: []resource.Accelerator{{ID: "card", Kind: "ldpc"}},
		Power:        &resource.PowerModel{IdleWatts: 45, BusyWatts: 110},
	}
	for _, d := range append(resource.Drivers(), declared) {
		t.Run(d.Name(), func(t *testing.T) { resourcetest.Driver(t, d) })
	}
}

// found is what a recorded host has.
type found struct {
	CPU       resource.Milli
	Memory    int64
	CPUs      string // ID/core/socket/NUMA node of the first and the last
	NUMA      string // processors and GiB of each node
	Disks     string
	Links     string
	Net       int64
	Isolation []resource.Capability
	Lacks     []string // what, without why
}

func TestRecordedHosts(t *testing.T) {
	all := []resource.Capability{resource.RealTime, resource.CgroupV2, resource.IdleClass, resource.MemoryCap, resource.Quotas,
		resource.Landlock, resource.Seccomp, resource.Namespaces}
	for name, want := range map[string]found{
		"server-v2": {
			CPU: 3500, Memory: 8 << 30, CPUs: "{0 0 0 0} to {7 3 0 0}", NUMA: "8 in 31 GiB", Disks: "nvme0n1 931 GiB", Links: "eno1 10",
			Net: 10e9, Isolation: all, Lacks: []string{"cgroup v1", "disk", "power model"},
		},
		"container-v1": {
			CPU: 1500, Memory: 2 << 30, CPUs: "{2 2 0 0} to {3 3 0 0}", NUMA: "2 in 15 GiB", Disks: "sda 931 GiB turning",
			Isolation: []resource.Capability{resource.Seccomp},
			Lacks: []string{"cgroup v1", "cgroup v2", "cpu.idle", "disk", "energy counters", "landlock", "memory limit", "net", "power model",
				"processor time quota", "real-time threads", "user namespaces"},
		},
		"two-sockets": {
			CPU: 15000, Memory: 131072000 << 10, CPUs: "{0 0 0 0} to {14 6 1 1}", NUMA: "8 in 62 GiB, 7 in 62 GiB",
			Disks: "nvme0n1 1863 GiB, sda 3726 GiB turning", Links: "ens1f0 25, ens1f1 0 down", Net: 25e9,
			Isolation: []resource.Capability{resource.RealTime, resource.CgroupV2, resource.MemoryCap, resource.Quotas, resource.Seccomp, resource.Namespaces},
			Lacks:     []string{"cgroup v1", "cpu.idle", "disk", "landlock", "power model"},
		},
		"pod-v2": {
			CPU: 500, Memory: 429496729, CPUs: "{0 0 0 0} to {63 63 0 0}", Links: "eth0 0", Isolation: []resource.Capability{resource.Seccomp},
			Lacks: []string{"cgroup v1", "cgroup v2", "cpu.idle", "disk", "energy counters", "landlock", "memory limit", "net eth0", "power model",
				"processor time quota", "real-time threads", "user namespaces"},
		},
		"nothing": {
			Lacks: []string{"cgroup v1", "cgroup v2", "cpu", "cpu.idle", "disk", "energy counters", "landlock", "memory", "memory limit", "net",
				"power model", "processor time quota", "real-time threads", "seccomp", "user namespaces"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, summary(resource.Read(resourcetest.Hosts(t)[name]))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// summary returns what the test of recorded hosts compares.
func summary(v resource.Inventory) found {
	total := v.Total()
	f := found{CPU: total.CPU, Memory: total.Memory, Net: total.Net, Isolation: v.Isolation}
	if n := len(v.CPUs); n > 0 {
		f.CPUs = fmt.Sprint(v.CPUs[0], " to ", v.CPUs[n-1])
	}
	var numa, disks, links []string
	for _, n := range v.NUMA {
		numa = append(numa, fmt.Sprintf("%d in %d GiB", len(n.CPUs), n.Memory>>30))
	}
	for _, d := range v.Disks {
		disks = append(disks, fmt.Sprintf("%s %d GiB", d.Name, d.Bytes>>30)+map[bool]string{true: " turning"}[d.Rotational])
	}
	for _, l := range v.Links {
		links = append(links, fmt.Sprintf("%s %d", l.Name, l.BitsPerSecond/1e9)+map[bool]string{false: " down"}[l.Up])
	}
	f.NUMA, f.Disks, f.Links = strings.Join(numa, ", "), strings.Join(disks, ", "), strings.Join(links, ", ")
	for _, l := range v.Lacks {
		f.Lacks = append(f.Lacks, l.What)
	}
	slices.Sort(f.Lacks)
	return f
}

// TestThisHost has a machine to lend from: at least a processor and memory.
func TestThisHost(t *testing.T) {
	v := resource.Discover()
	t.Logf("%+v", v)
	if v.Cores() <= 0 {
		t.Errorf("no processor: %v", v.Lacks)
	}
	if _, err := resource.NewTable(v); err != nil {
		t.Error(err)
	}
}

func TestDeclared(t *testing.T) {
	h := resourcetest.Hosts(t)["pod-v2"]
	v := resource.Read(h, resource.Declared{
		Links:        []resource.Link{{Name: "eth0", BitsPerSecond: 1e9, Up: true}},
		Accelerators: []resource.Accelerator{{ID: "card", Kind: "ldpc", Power: resource.PowerModel{IdleWatts: 18, BusyWatts: 45}}},
		Power:        &resource.PowerModel{SleepWatts: 5, IdleWatts: 45, BusyWatts: 110},
	})
	if total := v.Total(); total.Net != 1e9 || len(total.Accelerators) != 1 || v.Power.IdleWatts != 45 {
		t.Errorf("declared and not found: %v, %+v", total, v.Power)
	}
	if lacks := summary(v).Lacks; slices.Contains(lacks, "net eth0") || slices.Contains(lacks, "power model") {
		t.Errorf("declared and still lacking: %v", v.Lacks)
	}
}

// TestCounters reads counters of which one goes round.
func TestCounters(t *testing.T) {
	h := resourcetest.Hosts(t)["server-v2"]
	rapl, err := resource.OpenRAPL(h)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := rapl.Name(), "rapl package-0 dram"; got != want {
		t.Errorf("reads %q, want %q", got, want)
	}
	tree := h.FS.(fstest.MapFS)
	pkg, dram := tree["sys/class/powercap/intel-rapl:0/energy_uj"], tree["sys/class/powercap/intel-rapl:0:1/energy_uj"]
	pkg.Data = []byte("1671150\n")  // round: 262143328850 - 262143000000 + 1671150
	dram.Data = []byte("1005000\n") // 1 J
	e, err := rapl.Energy(0)
	if want := (resource.Energy{Joules: 3, Basis: resource.Measured}); err != nil || e != want {
		t.Errorf("drew %v (%v), want %v", e, err, want)
	}
	dram.Data = []byte("broken")
	pkg.Data = []byte("2671150")
	if e, err := rapl.Energy(0); err == nil || e.Joules != 4 {
		t.Errorf("with a counter that fails: %v, %v", e, err)
	}
}

func TestSensors(t *testing.T) {
	hosts := resourcetest.Hosts(t)
	power := resource.PowerModel{IdleWatts: 100, BusyWatts: 300}
	if got := resource.OpenSensor(hosts["server-v2"], 0, power).Name(); got != "rapl package-0 dram" {
		t.Errorf("where counters can be read the sensor is %q", got)
	}
	t.Run("rapl", func(t *testing.T) {
		h := hosts["two-sockets"]
		file, uj := h.FS.(fstest.MapFS)["sys/class/powercap/intel-rapl:1/energy_uj"], 2000
		resourcetest.Sensor(t, resource.OpenSensor(h, 0, power), 0, func() sfaas.Time {
			uj += 500
			file.Data = fmt.Append(nil, uj)
			return 0
		})
	})
	t.Run("model", func(t *testing.T) {
		now := sfaas.Now()
		resourcetest.Sensor(t, resource.OpenModel(resource.LocalHost(), now, power), now, func() sfaas.Time {
			now = now.Add(time.Second)
			return now
		})
	})
	t.Run("half busy", func(t *testing.T) {
		tree := fstest.MapFS{"proc/stat": {Data: []byte("cpu 100 0 0 100 0 0 0 0 0 0\n")}}
		s := resource.OpenModel(resource.Host{FS: tree}, 0, power)
		tree["proc/stat"].Data = []byte("cpu 150 0 0 130 0 0 0 20 0 0\n") // half, and a fifth stolen
		e, err := s.Energy(sfaas.Time(2 * time.Second))
		if want := (resource.Energy{Joules: 400, Basis: resource.Modelled}); err != nil || e != want {
			t.Errorf("drew %v (%v), want %v", e, err, want)
		}
	})
}

func TestPower(t *testing.T) {
	m := resource.PowerModel{SleepWatts: 5, IdleWatts: 45, BusyWatts: 110}
	for busy, want := range map[float64]float64{-1: 45, 0: 45, 0.5: 77.5, 1: 110, 7: 110} {
		if got := m.Watts(busy); got != want {
			t.Errorf("busy %v: %v W, want %v", busy, got, want)
		}
	}
	sum := resource.Energy{Joules: 1, Basis: resource.Measured}.Add(m.Energy(0, time.Second))
	if sum.String() != "46 J modelled" {
		t.Errorf("a sum of both is %v", sum)
	}
	if sum := (resource.Energy{}).Add(resource.Energy{Joules: 2, Basis: resource.Measured}); sum.Basis != resource.Measured {
		t.Errorf("a first sum is %v", sum)
	}
	if err := (resource.PowerModel{IdleWatts: 10, BusyWatts: 5}).Validate(); err == nil {
		t.Error("power that falls with use is no model")
	}
}
