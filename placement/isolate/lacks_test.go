// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/neuroran/neuroran/placement/resource"
)

// lacks skips a test that needs what the host lacks.
func lacks(t *testing.T, means ...resource.Capability) {
	t.Helper()
	v := resource.Discover(launcher)
	for _, c := range means {
		if !v.Can(c) {
			t.Skipf("the host lacks %s: %v", c, v.Lacks)
		}
	}
}

// TestLacks says by name what cannot be shown on this host: of what an inventory knows, of
// GPUs, which are looked for by a module of their own, and of the delay and loss that a kernel
// may put into a network.
func TestLacks(t *testing.T) {
	all := resource.Discover(launcher).Lacks
	if _, err := os.Stat("/dev/nvidiactl"); err != nil {
		all = append(all, resource.Lack{What: "NVML", Why: err.Error()})
	}
	if err := netem(); err != nil {
		all = append(all, resource.Lack{What: "netem", Why: err.Error()})
	}
	for _, l := range all {
		if l.What == "" || l.Why == "" {
			t.Errorf("something lacks without a name, or a reason: %+v", l)
		}
		t.Log("lacks ", l)
	}
}

// netem tries to delay what a network of its own sends.
func netem() error {
	cmd := exec.Command("tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if uid := os.Getuid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
	}
	text, err := cmd.CombinedOutput()
	if said := strings.TrimSpace(string(text)); err != nil && said != "" {
		err = errors.New(said)
	}
	return err
}
