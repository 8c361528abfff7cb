// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package i8

import (
	"testing"

	"golang.org/x/sys/cpu"
)

// eachImplementation runs f with every implementation that this CPU has.
func eachImplementation(t *testing.T, f func(t *testing.T)) {
	hasVNNI := useVNNI
	defer func(a, b bool) { useAVX2, useVNNI = a, b }(useAVX2, useVNNI)
	for _, impl := range []struct {
		name       string
		avx2, vnni bool
	}{
		{"generic", false, false},
		{"avx2", true, false},
		{"vnni", true, true},
	} {
		t.Run("impl="+impl.name, func(t *testing.T) {
			if impl.avx2 && !cpu.X86.HasAVX2 || impl.vnni && !hasVNNI {
				t.Skip("this CPU lacks it")
			}
			useAVX2, useVNNI = impl.avx2, impl.vnni
			f(t)
		})
	}
}
