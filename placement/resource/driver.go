// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"io/fs"
	"os"
	"runtime"
)

// Driver finds one kind of resource. What it cannot read it notes as a [Lack] with the
// reason, and goes on; amounts that make no sense are such a lack too. It changes only
// what it is a driver of, and finds the same on the same host each time. The package
// resourcetest has what each driver must pass.
type Driver interface {
	// Name returns what the driver finds, such as "memory".
	Name() string
	// Discover adds what a host has to an inventory.
	Discover(h Host, v *Inventory)
}

// Host is what drivers read: a machine, or a recording of one.
type Host struct {
	// FS has proc and sys at its root, as far as the host has them.
	FS fs.FS
	// FreeDisk returns the bytes that are free for data of units, or is nil.
	FreeDisk func() (int64, error)
	// CPUs is how many processors there are if the files do not say.
	CPUs int
}

// Drivers returns the drivers that every host gets, in the order in which they run.
func Drivers() []Driver {
	return []Driver{Processors{}, Memory{}, Disks{}, Network{}, Power{}, Means{}}
}

// Discover returns what this machine has: by the drivers of [Drivers], and then by those
// given, such as [Declared] or those of nested modules. What is lacking stands in the
// inventory; an error there is none.
func Discover(drivers ...Driver) Inventory { return Read(LocalHost(), drivers...) }

// Read returns what a host has, as [Discover] does.
func Read(h Host, drivers ...Driver) Inventory {
	var v Inventory
	for _, d := range append(Drivers(), drivers...) {
		d.Discover(h, &v)
	}
	return v
}

// LocalHost returns the machine on which the program runs. Data of units would lie in
// [os.TempDir].
func LocalHost() Host {
	return Host{FS: os.DirFS("/"), FreeDisk: func() (int64, error) { return freeDisk(os.TempDir()) }, CPUs: runtime.NumCPU()}
}
