// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package detect

import (
	"testing"

	"golang.org/x/sys/cpu"
)

// eachImplementation runs f with every implementation that this CPU has.
func eachImplementation(t *testing.T, f func(t *testing.T)) {
	defer func(a bool) { useAVX2 = a }(useAVX2)
	for _, impl := range []struct {
		name string
		avx2 bool
	}{{"generic", false}, {"avx2", true}} {
		t.Run("impl="+impl.name, func(t *testing.T) {
			if impl.avx2 && !(cpu.X86.HasAVX2 && cpu.X86.HasFMA) {
				t.Skip("this CPU lacks it")
			}
			useAVX2 = impl.avx2
			f(t)
		})
	}
}
