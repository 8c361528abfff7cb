// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProgram decodes the shipped recording: the gain of every channel is told, and the
// third party's estimator is as good as any.
func TestProgram(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	screen := os.Stdout
	os.Stdout = out
	main()
	os.Stdout = screen
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	said, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(said), "strong true"); n < 3 || !strings.Contains(string(said), "5 of 5 passed") {
		t.Errorf("%d gains in\n%s", n, said)
	}
}
