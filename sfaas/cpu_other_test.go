// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package sfaas_test

// cpuTime is not measured here.
func cpuTime() int64 { return 0 }
