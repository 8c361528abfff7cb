// SPDX-License-Identifier: Apache-2.0

package resource

import "strings"

// Disks is the driver of block devices, and of the space that units may use: what is
// free on the file system of [Host.FreeDisk]. Space on a disk is counted, not enforced.
type Disks struct{}

// Name implements [Driver].
func (Disks) Name() string { return "disk" }

// sector is the unit of sizes in /sys/block, whatever the device's own.
const sector = 512

// Discover implements [Driver].
func (Disks) Discover(h Host, v *Inventory) {
	v.Disk, v.Disks = 0, nil
	for _, name := range h.names("sys/block") {
		if isVirtualDisk(name) {
			continue
		}
		sectors, err := h.number("sys/block/" + name + "/size")
		if err != nil || sectors > maxAmount/sector {
			v.Miss("disk "+name, "size: %v", err)
			continue
		}
		rotational, err := h.number("sys/block/" + name + "/queue/rotational")
		v.Disks = append(v.Disks, Disk{Name: name, Bytes: sectors * sector, Rotational: err == nil && rotational == 1})
	}
	if h.FreeDisk == nil {
		v.Miss("disk", "no file system to lend from")
		return
	}
	free, err := h.FreeDisk()
	if err == nil && free < 0 {
		free = 0
	}
	if err != nil {
		v.Miss("disk", "%v", err)
		return
	}
	v.Disk = min(free, maxAmount)
}

// isVirtualDisk reports whether a device is memory, or part of a file or of another.
func isVirtualDisk(name string) bool {
	for _, prefix := range []string{"loop", "ram", "zram", "dm-", "md", "nbd"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
