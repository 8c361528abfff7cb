// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package f32

import (
	"testing"

	"golang.org/x/sys/cpu"
)

// eachImplementation runs f with every implementation that this CPU has.
func eachImplementation(t *testing.T, f func(t *testing.T)) {
	hasAVX512 := useAVX512
	defer func(a, b bool) { useAVX2, useAVX512 = a, b }(useAVX2, useAVX512)
	for _, impl := range []struct {
		name         string
		avx2, avx512 bool
	}{
		{"generic", false, false},
		{"avx2", true, false},
		{"avx512", true, true},
	} {
		t.Run("impl="+impl.name, func(t *testing.T) {
			if impl.avx2 && !(cpu.X86.HasAVX2 && cpu.X86.HasFMA) || impl.avx512 && !hasAVX512 {
				t.Skip("this CPU lacks it")
			}
			useAVX2, useAVX512 = impl.avx2, impl.avx512
			f(t)
		})
	}
}
