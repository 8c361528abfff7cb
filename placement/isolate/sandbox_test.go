// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/neuroran/neuroran/placement/isolate"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// start starts a sandbox that the test closes.
func start(t testing.TB, c isolate.Config) *isolate.Sandbox {
	t.Helper()
	box, err := launcher.Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	return box
}

func lease(need resource.Need) resource.Lease { return resource.Lease{Need: need} }

func TestLink(t *testing.T) {
	t.Setenv("SECRET", "known to the parent alone")
	box := start(t, isolate.Config{Entry: "echo", Args: []string{"a", "b"}, Lease: lease(resource.Need{Memory: 64 << 20})})
	in := bufio.NewReader(box.Link())
	var args, pid, env int
	if _, err := fmt.Fscanln(in, &args, &pid, &env); err != nil {
		t.Fatal(err)
	}
	if args != 2 || env != 1 { // GOMEMLIMIT
		t.Errorf("%d arguments and %d variables, want 2 and 1", args, env)
	}
	if pid != 1 && len(box.Lacks()) == 0 {
		t.Errorf("sees itself as process %d, want 1", pid)
	}
	fmt.Fprintln(box.Link(), "hello")
	if line, err := in.ReadString('\n'); err != nil || line != "hello\n" {
		t.Errorf("came back: %q, %v", line, err)
	}
	if err := box.Close(); err != nil {
		t.Error(err)
	}
	if err := box.Wait(t.Context()); err != nil {
		t.Errorf("closed: %v", err)
	}
	if err := box.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

func TestEnds(t *testing.T) {
	for entry, want := range map[string]string{
		"fail": "isolate: the sandbox has ended: it went wrong", "panic": "isolate: the sandbox has ended: exit status 2",
	} {
		t.Run(entry, func(t *testing.T) {
			err := start(t, isolate.Config{Entry: entry}).Wait(t.Context())
			var exit *isolate.ExitError
			if !errors.As(err, &exit) || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
	t.Run("deaf", func(t *testing.T) {
		box := start(t, isolate.Config{Entry: "deaf"})
		begin := time.Now()
		box.Close()
		if d := time.Since(begin); d > 20*time.Second {
			t.Errorf("closed after %v", d)
		}
	})
}

func TestBadConfigs(t *testing.T) {
	missing := isolate.Config{Entry: "echo", Read: []string{"/no/such/file"}}
	if box, err := launcher.Start(t.Context(), missing); err == nil || !strings.Contains(err.Error(), "/no/such/file") {
		if err == nil && len(box.Lacks()) == 0 {
			t.Error("a file that is not there may be read")
		}
	}
	for _, c := range []isolate.Config{
		{}, {Entry: "none"}, {Entry: "echo", Processes: -1}, {Entry: "echo", Lease: lease(resource.Need{Memory: 1})},
		{Entry: "echo", Lease: resource.Lease{On: []int{0}}},
	} {
		var config *sfaas.OptionError
		if _, err := launcher.Start(t.Context(), c); !errors.As(err, &config) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	var field *resource.FieldError
	if _, err := launcher.Start(t.Context(), isolate.Config{Entry: "echo", Lease: lease(resource.Need{CPU: -1})}); !errors.As(err, &field) {
		t.Errorf("a need below 0: %v", err)
	}
}

// TestMemory lets a sandbox take memory without end: it is ended within 5 % of its lease.
func TestMemory(t *testing.T) {
	const limit = 64 << 20
	box := start(t, isolate.Config{Entry: "allocate", Args: []string{"1048576"}, Lease: lease(resource.Need{Memory: limit})})
	for _, l := range box.Lacks() {
		if l.What == string(resource.MemoryCap) {
			t.Skip(l)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := box.Wait(ctx)
	var exit *isolate.ExitError
	if !errors.As(err, &exit) || !exit.Memory {
		t.Fatalf("it has ended with %v", err)
	}
	u, err := box.Usage()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("peak %.1f %% of the lease", 100*float64(u.MemoryPeak)/limit)
	if u.MemoryPeak > limit+limit/20 || u.MemoryPeak < limit-limit/20 {
		t.Errorf("at most %d bytes, lease %d", u.MemoryPeak, limit)
	}
}

// TestDiesWithItsParent kills a program that has started a sandbox: the sandbox follows,
// though its entry does not listen, and the next one removes what is left of its group.
func TestDiesWithItsParent(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), parentEnv+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscanln(out, &pid); err != nil {
		t.Fatal(err)
	}
	if err := unix.Kill(pid, 0); err != nil {
		t.Fatalf("no sandbox: %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // of a signal
	for begin := time.Now(); unix.Kill(pid, 0) == nil; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatal("the sandbox goes on without its parent")
		}
	}
	start(t, isolate.Config{Entry: "deaf"})
	left := fmt.Sprintf("/sys/fs/cgroup/*/neuroran-%d-*", cmd.Process.Pid)
	if groups, err := filepath.Glob(left); err != nil || len(groups) > 0 {
		t.Errorf("left behind: %v (%v)", groups, err)
	}
}
