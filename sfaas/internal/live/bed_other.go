// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package live

// newKernelBed returns nil: there is none.
func newKernelBed() bed { return nil }
