// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"path"
	"slices"
	"strings"
)

// maxGroups is how deep control groups are followed.
const maxGroups = 64

// groups returns the folders of the control groups that this process is in, from its own
// up to the root of the mount: limits of all of them hold. The controller is one of
// version 1, such as "memory", or "" for version 2. Nothing if there is no such tree.
//
// /proc/self/cgroup says in which group it is, as seen from the root of its cgroup
// namespace; /proc/self/mountinfo says which part of the tree is mounted where:
//
//	5:memory:/docker/abc      .. cgroup rw,memory on /sys/fs/cgroup/memory, root /docker/abc
//	0::/user.slice            .. cgroup2 on /sys/fs/cgroup, root /
//
// A container without a namespace of its own names a path that lies at or below the root
// of its mount; where it lies elsewhere the mount itself is the nearest group to be seen.
func (h Host) groups(controller string) []string {
	own, ok := h.ownGroup(controller)
	if !ok {
		return nil
	}
	m, ok := h.mount(controller)
	if !ok {
		return nil
	}
	below := "/"
	if rest, inside := strings.CutPrefix(path.Clean("/"+own), strings.TrimSuffix(m.root, "/")); inside && (rest == "" || rest[0] == '/') {
		below = path.Clean("/" + rest)
	}
	var folders []string
	for len(folders) < maxGroups {
		folders = append(folders, strings.Trim(path.Join(m.point, below), "/"))
		if below == "/" {
			break
		}
		below = path.Dir(below)
	}
	return folders
}

// ownGroup returns the path of the process in the tree of a controller: the third field
// of lines "ID:CONTROLLERS:PATH".
func (h Host) ownGroup(controller string) (string, bool) {
	text, err := h.read("proc/self/cgroup")
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) == 3 && slices.Contains(strings.Split(fields[1], ","), controller) {
			return fields[2], true
		}
	}
	return "", false
}

// cgroupMount is a part of a tree of control groups that is mounted.
type cgroupMount struct {
	root     string // which part
	point    string // where
	readOnly bool
}

// mount returns where the tree of a controller is mounted: lines of mountinfo are "ID
// PARENT MAJOR:MINOR ROOT POINT OPTIONS FIELDS... - TYPE SOURCE SUPER" (proc(5)).
func (h Host) mount(controller string) (cgroupMount, bool) {
	text, err := h.read("proc/self/mountinfo")
	if err != nil {
		return cgroupMount{}, false
	}
	for line := range strings.Lines(text) {
		before, after, found := strings.Cut(line, " - ")
		mount, fs := strings.Fields(before), strings.Fields(after)
		if !found || len(mount) < 6 || len(fs) < 3 {
			continue
		}
		isV2 := fs[0] == "cgroup2" && controller == ""
		isV1 := fs[0] == "cgroup" && controller != "" && slices.Contains(strings.Split(fs[2], ","), controller)
		if isV1 || isV2 {
			readOnly := slices.Contains(strings.Split(mount[5], ","), "ro")
			return cgroupMount{root: path.Clean("/" + mount[3]), point: mount[4], readOnly: readOnly}, true
		}
	}
	return cgroupMount{}, false
}
