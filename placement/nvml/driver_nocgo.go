// SPDX-License-Identifier: Apache-2.0

//go:build !cgo

package nvml

import "github.com/neuroran/neuroran/placement/resource"

// Kind is the kind of the accelerators that are found, for a [resource.AcceleratorNeed].
const Kind = "gpu"

// Driver is a [resource.Driver] of GPUs, which needs cgo.
type Driver struct{}

// Name implements [resource.Driver].
func (Driver) Name() string { return Kind }

// Discover implements [resource.Driver].
func (Driver) Discover(_ resource.Host, v *resource.Inventory) { v.Miss(Kind, "built without cgo") }
