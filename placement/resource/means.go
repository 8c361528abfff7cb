// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"slices"
	"strconv"
	"strings"
)

// Means is the driver of the means of isolation, as far as files tell. Some can only be
// tried: the nested module placement/isolate does.
type Means struct{}

// Name implements [Driver].
func (Means) Name() string { return "isolation" }

// capSysNice is the bit of the capability that allows real-time policies (capabilities(7)).
const capSysNice = 23

// Discover implements [Driver].
func (Means) Discover(h Host, v *Inventory) {
	v.Isolation = nil
	for _, m := range []struct {
		capability Capability
		why        string
	}{
		{RealTime, h.realTime()}, {CgroupV2, h.cgroupV2()}, {CgroupV1, h.cgroupV1()}, {IdleClass, h.groupFile("cpu.idle")},
		{MemoryCap, h.anyGroups()}, {Quotas, h.quotas()}, {Landlock, h.landlock()}, {Seccomp, h.seccomp()}, {Namespaces, h.namespaces()},
	} {
		if m.why == "" {
			v.Add(m.capability)
		} else {
			v.Miss(string(m.capability), "%s", m.why)
		}
	}
}

// realTime returns why threads cannot be real-time ones, or "".
func (h Host) realTime() string {
	text, err := h.field("proc/self/status", "CapEff")
	if err != nil {
		return err.Error()
	}
	if caps, err := strconv.ParseUint(text, 16, 64); err == nil && caps>>capSysNice&1 == 1 {
		return ""
	}
	limits, err := h.read("proc/self/limits")
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(limits) {
		if rest, ok := strings.CutPrefix(line, "Max realtime priority"); ok {
			if soft, _, _ := strings.Cut(strings.TrimSpace(rest), " "); soft != "0" {
				return ""
			}
		}
	}
	return "neither CAP_SYS_NICE nor a limit RLIMIT_RTPRIO above 0"
}

// cgroupV2 returns why no controllers of version 2 can be used, or "".
func (h Host) cgroupV2() string {
	folders := h.groups("")
	if folders == nil {
		return "no cgroup2 is mounted"
	}
	if m, _ := h.mount(""); m.readOnly {
		return m.point + " is read-only"
	}
	root := folders[len(folders)-1] // of the mount
	text, err := h.read(root + "/cgroup.controllers")
	if err != nil {
		return err.Error()
	}
	controllers := strings.Fields(text)
	for _, want := range []string{"cpu", "memory"} {
		if !slices.Contains(controllers, want) {
			return root + "/cgroup.controllers: got " + strconv.Quote(clip(text)) + ", want cpu and memory"
		}
	}
	return ""
}

// cgroupV1 returns why controllers of version 1 cannot be used, or "".
func (h Host) cgroupV1() string {
	for _, controller := range []string{"cpu", "memory"} {
		m, ok := h.mount(controller)
		if !ok {
			return "no cgroup of version 1 with " + controller + " is mounted"
		}
		if m.readOnly {
			return m.point + " is read-only"
		}
	}
	return ""
}

// anyGroups returns why there are no control groups of either version, or "".
func (h Host) anyGroups() string {
	if why := h.cgroupV2(); why != "" && h.cgroupV1() != "" {
		return "no control groups: " + why
	}
	return ""
}

// groupFile returns why control groups have no file of the controller cpu, or "". The
// process's own group has it, unless that is the root of version 2.
func (h Host) groupFile(name string) string {
	if why := h.anyGroups(); why != "" {
		return why
	}
	for _, folder := range append(h.groups("cpu"), h.groups("")...) {
		if _, err := h.read(folder + "/" + name); err == nil {
			return ""
		}
	}
	return "no control group here has " + name
}

// quotas returns why groups cannot be limited in processor time, or "".
func (h Host) quotas() string {
	if h.cgroupV2() == "" {
		return ""
	}
	return h.groupFile("cpu.cfs_quota_us")
}

// landlock returns why Landlock is not known to be there, or "".
func (h Host) landlock() string {
	text, err := h.read("sys/kernel/security/lsm")
	if err != nil {
		return "not known: " + err.Error()
	}
	if !slices.Contains(strings.Split(text, ","), "landlock") {
		return "not among the security modules " + clip(text)
	}
	return ""
}

// seccomp returns why system calls cannot be filtered, or "".
func (h Host) seccomp() string {
	if _, err := h.field("proc/self/status", "Seccomp"); err != nil {
		return err.Error()
	}
	return ""
}

// namespaces returns why user namespaces cannot be made, or "".
func (h Host) namespaces() string {
	n, err := h.number("proc/sys/user/max_user_namespaces")
	if err != nil {
		return err.Error()
	}
	if n == 0 {
		return "proc/sys/user/max_user_namespaces is 0"
	}
	// Debian's older kernels have a switch of their own.
	if text, err := h.read("proc/sys/kernel/unprivileged_userns_clone"); err == nil && text == "0" {
		return "proc/sys/kernel/unprivileged_userns_clone is 0"
	}
	return ""
}
