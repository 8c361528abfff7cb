// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate

import (
	"context"
	"errors"
	"time"

	"github.com/opencontainers/cgroups"

	"github.com/neuroran/neuroran/placement/resource"
)

// probeEntry is the entry of a sandbox that only shows whether there can be one.
const probeEntry = "neuroran: probe"

// probeTime is how long a host may take to start one.
const probeTime = 10 * time.Second

// Name implements [resource.Driver].
func (l *Launcher) Name() string { return "isolation by trial" }

// Discover implements [resource.Driver]: it starts a sandbox, once in the life of the
// launcher, and says by what means that was kept apart on this machine, in the place of
// what files say.
func (l *Launcher) Discover(_ resource.Host, v *resource.Inventory) {
	lacks, err := l.tried()
	why := map[resource.Capability]string{}
	for _, lack := range lacks {
		why[resource.Capability(lack.What)] = lack.Why
	}
	for _, c := range []resource.Capability{resource.Namespaces, resource.Landlock, resource.Seccomp, resource.MemoryCap, resource.IdleClass} {
		switch {
		case err != nil:
			v.Remove(c, "%v", err)
		case why[c] != "":
			v.Remove(c, "%s", why[c])
		default:
			v.Add(c)
		}
	}
	if err != nil || why[resource.MemoryCap] != "" {
		return
	}
	if cgroups.IsCgroup2UnifiedMode() {
		v.Add(resource.CgroupV2)
	} else {
		v.Add(resource.CgroupV1)
	}
}

// try starts a sandbox with all there is, and returns what it lacks.
func (l *Launcher) try() ([]resource.Lack, error) {
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	box, err := l.Start(ctx, Config{Entry: probeEntry, Lease: resource.Lease{Need: resource.Need{Memory: 4 * minMemory}}, Idle: true})
	if err != nil {
		return nil, err
	}
	return box.Lacks(), errors.Join(box.Close())
}
