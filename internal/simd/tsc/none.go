// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || !linux || purego

package tsc

// Read returns 0: there is no counter that can be relied upon.
func Read() uint64 { return 0 }

// Stable reports false.
func Stable() bool { return false }
