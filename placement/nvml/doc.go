// SPDX-License-Identifier: Apache-2.0

// Package nvml finds NVIDIA GPUs and measures their energy, for placement/resource:
//
//	inventory := resource.Discover(nvml.Driver{})
//
// It needs cgo, and libnvidia-ml of the GPU's driver when it runs. Where one of them is
// missing the inventory lacks "gpu", with the reason. A GPU that is split into instances
// (MIG) is not lent: its instances are devices of their own, which this package does not
// list.
package nvml
