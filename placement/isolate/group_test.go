// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/fs2"

	"github.com/neuroran/neuroran/placement/resource"
)

// TestVersion2 writes the limits of version 2 to a folder that only looks like a control
// group: few machines that run tests have both versions.
func TestVersion2(t *testing.T) {
	cgroups.TestMode = true
	defer func() { cgroups.TestMode = false }()
	for name, c := range map[string]struct {
		config Config
		want   map[string]string
	}{
		"best effort": {
			Config{Idle: true, Lease: resource.Lease{Need: resource.Need{CPU: 2000, Memory: 64 << 20}}},
			map[string]string{"cpu.idle": "1", "memory.max": "67108864", "memory.swap.max": "0", "pids.max": "256"},
		},
		"two cores": {
			Config{Lease: resource.Lease{Need: resource.Need{CPU: 2000}}, Processes: 10},
			map[string]string{"cpu.weight": "200", "pids.max": "10"},
		},
		"nothing asked": {Config{}, map[string]string{"pids.max": "256"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "cgroup.controllers"), []byte("cpu memory pids"), 0o600); err != nil {
				t.Fatal(err)
			}
			m, err := fs2.NewManager(&cgroups.Cgroup{Resources: limits(&c.config)}, dir)
			if err != nil {
				t.Fatal(err)
			}
			g := &group{Manager: m, v2: true, start: *limits(&c.config)}
			if err := g.begin(&c.config); err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			files, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				if name := filepath.Base(f); name != "cgroup.controllers" {
					got[name] = strings.TrimSpace(string(b))
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNoQuota holds for every kind of sandbox: its processor time has no quota.
func TestNoQuota(t *testing.T) {
	for _, c := range []Config{{}, {Idle: true}, {Lease: resource.Lease{Need: resource.Need{CPU: 100}}}} {
		for _, v2 := range []bool{false, true} {
			if r := priority(*limits(&c), &c, v2); r.CpuQuota != 0 || r.CpuPeriod != 0 {
				t.Errorf("%+v has a quota", c)
			}
		}
	}
}
