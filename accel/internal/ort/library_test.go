// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package ort

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/accel/internal/backend"
	"github.com/neuroran/neuroran/accel/internal/ortlib"
)

// TestCandidates checks the order in which the library is looked for: option,
// environment, cache, system loader. What was asked for by name is the only one.
func TestCandidates(t *testing.T) {
	cache := t.TempDir()
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, cache)
	}
	t.Setenv(LibraryEnv, "")
	loader := candidates(backend.Config{})
	if len(loader) == 0 || slices.ContainsFunc(loader, filepath.IsAbs) {
		t.Fatalf("empty cache: got %q, want names for the system loader", loader)
	}

	cached, err := ortlib.Path("cpu")
	if err != nil || !strings.HasPrefix(cached, cache) {
		t.Fatalf("path in the cache: got %q, error %v, want one below %q", cached, err, cache)
	}
	if err := os.MkdirAll(filepath.Dir(cached), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cached, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got, want := candidates(backend.Config{}), append([]string{cached}, loader...); !slices.Equal(got, want) {
		t.Errorf("installed: got %q, want %q", got, want)
	}

	t.Setenv(LibraryEnv, "env.so")
	if got, want := candidates(backend.Config{}), []string{"env.so"}; !slices.Equal(got, want) {
		t.Errorf("environment: got %q, want %q", got, want)
	}
	if got, want := candidates(backend.Config{Library: "option.so"}), []string{"option.so"}; !slices.Equal(got, want) {
		t.Errorf("option: got %q, want %q", got, want)
	}
}
