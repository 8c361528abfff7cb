// SPDX-License-Identifier: Apache-2.0

package store

import (
	"testing"

	"github.com/neuroran/neuroran/internal/lint"
)

// TestTree holds this module to what the root module is held to.
func TestTree(t *testing.T) {
	packages, err := lint.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		issues := lint.Docs(p)
		for _, f := range p.Files {
			issues = append(issues, lint.Style(f)...)
		}
		for _, issue := range issues {
			t.Error(issue)
		}
	}
}
