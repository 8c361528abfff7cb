// SPDX-License-Identifier: Apache-2.0

package neuroran_test

import (
	"testing"

	"github.com/neuroran/neuroran/internal/lint"
	"github.com/neuroran/neuroran/internal/testvec"
)

// TestEverythingIsDocumented fails for a package without a comment or an
// example, and for an exported symbol, method or field without a doc.
func TestEverythingIsDocumented(t *testing.T) {
	packages, err := lint.Load(testvec.Root())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		for _, issue := range lint.Docs(p) {
			t.Error(issue)
		}
	}
}
