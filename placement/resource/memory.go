// SPDX-License-Identifier: Apache-2.0

package resource

// Memory is the driver of memory: what the machine has, at most what the control groups
// around this process allow.
type Memory struct{}

// Name implements [Driver].
func (Memory) Name() string { return "memory" }

// Discover implements [Driver].
func (Memory) Discover(h Host, v *Inventory) {
	total, err := h.kilobytes("proc/meminfo", "MemTotal")
	if err != nil {
		v.Memory = 0
		v.Miss("memory", "%v", err)
		return
	}
	v.Memory = total
	// No limit is "max" in version 2, and a number beyond any memory in version 1, which
	// the machine's own memory is below.
	for _, folder := range h.groups("") {
		v.Memory = min(v.Memory, h.limit(folder+"/memory.max", v), h.limit(folder+"/memory.high", v))
	}
	for _, folder := range h.groups("memory") {
		v.Memory = min(v.Memory, h.limit(folder+"/memory.limit_in_bytes", v))
	}
}

// limit returns the number of a file that may be absent, or say that there is no limit.
func (h Host) limit(path string, v *Inventory) int64 {
	text, err := h.read(path)
	// Numbers of 19 digits are no limit: version 1 has 2^63 less a page.
	if err != nil || text == "max" || len(text) > 18 {
		return maxAmount
	}
	n, err := amount(path, text)
	if err != nil {
		v.Miss("memory limit of the container", "%v", err)
		return maxAmount
	}
	return n
}
