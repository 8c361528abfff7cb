// SPDX-License-Identifier: Apache-2.0

// Package simdtest runs the tests of a kernel package with every implementation that
// this CPU has.
package simdtest

import "testing"

// Implementation is one set of instructions in which a package's kernels are
// written, beside the portable one.
type Implementation struct {
	Name string // for the name of a test: avx2, avx512, vnni
	Use  *bool  // the package's own variable, true from the start where the CPU has the instructions
}

// Implementations are those of one package in the order of its dispatch: a kernel
// that lacks the last falls back on the one before it. Nil stands for a package, or
// a build, with the portable implementation alone.
type Implementations []Implementation

// Each runs f once with the portable implementation and once with each of impls
// together with those before it, as subtests impl=NAME. What the CPU lacks is skipped.
// The variables change meanwhile and are set back in the end, so f must not run
// tests in parallel.
func (impls Implementations) Each(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	has := make([]bool, len(impls))
	for i, impl := range impls {
		has[i] = *impl.Use
	}
	defer impls.set(has)
	impls.set(make([]bool, len(impls)))
	t.Run("impl=generic", f)
	for i, impl := range impls {
		t.Run("impl="+impl.Name, func(t *testing.T) {
			if !has[i] {
				t.Skip("this CPU lacks it")
			}
			*impl.Use = true
			f(t)
		})
	}
}

// set writes the variables.
func (impls Implementations) set(use []bool) {
	for i, impl := range impls {
		*impl.Use = use[i]
	}
}
