// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package acceltest

// residentBytes returns 0: the system is not asked here.
func residentBytes() int { return 0 }
