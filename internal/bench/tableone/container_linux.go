// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// container is what a container is without its image: a control group, and a network
// namespace. Only root can make both.
type container struct{ groups []string }

// controllersOf returns those of version 1 that a container of a system has a group in. A
// process that polls gives way to others of its group alone, and those of a cell take turns
// on two processors: so they share a group of processor time.
func controllersOf(k kind) []string {
	if k == polling {
		return []string{"memory", "pids"}
	}
	return []string{"cpu", "memory", "pids"}
}

// contain lets a command start in a network namespace of its own.
func contain(cmd *exec.Cmd) {
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	}
}

// group puts a process into a control group of its own, of version 2 or 1, as far as the
// host has them and lets the user make them.
func group(pid int, controllers []string) (c container, err error) {
	if os.Geteuid() != 0 {
		return c, errors.New("not root")
	}
	const root = "/sys/fs/cgroup"
	roots := []string{root}
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err != nil {
		roots = nil
		for _, controller := range controllers {
			roots = append(roots, filepath.Join(root, controller))
		}
	}
	for _, parent := range roots {
		folder := filepath.Join(parent, fmt.Sprintf("tableone-%d", pid))
		if err := os.Mkdir(folder, 0o755); err != nil {
			return c, err
		}
		c.groups = append(c.groups, folder)
		if err := os.WriteFile(filepath.Join(folder, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644); err != nil {
			return c, err
		}
	}
	return c, nil
}

// remove takes the control groups away, after the end of the process.
func (c container) remove() {
	for _, folder := range c.groups {
		_ = os.Remove(folder) // what is left is empty
	}
}
