// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package ort

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/accel/backend"
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
	candidates := func(device target, c backend.Config) []string {
		t.Helper()
		list, err := candidates(device, c)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	cpu := target{provider: "cpu"}
	loader := candidates(cpu, backend.Config{})
	if len(loader) == 0 || slices.ContainsFunc(loader, filepath.IsAbs) {
		t.Fatalf("empty cache: got %q, want names for the system loader", loader)
	}

	pin, err := ortlib.Find("cpu")
	if err != nil {
		t.Fatal(err)
	}
	cached, err := pin.Path()
	if err != nil || !strings.HasPrefix(cached, cache) {
		t.Fatalf("path in the cache: got %q, error %v, want one below %q", cached, err, cache)
	}
	if err := os.MkdirAll(filepath.Dir(cached), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cached, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got, want := candidates(cpu, backend.Config{}), append([]string{cached}, loader...); !slices.Equal(got, want) {
		t.Errorf("installed: got %q, want %q", got, want)
	}

	t.Setenv(LibraryEnv, "env.so")
	if got, want := candidates(cpu, backend.Config{}), []string{"env.so"}; !slices.Equal(got, want) {
		t.Errorf("environment: got %q, want %q", got, want)
	}
	if got, want := candidates(cpu, backend.Config{Library: "option.so"}), []string{"option.so"}; !slices.Equal(got, want) {
		t.Errorf("option: got %q, want %q", got, want)
	}
}

// TestFlavorOfDevice checks which of several installed flavours a device takes.
func TestFlavorOfDevice(t *testing.T) {
	cache := t.TempDir()
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, cache)
	}
	t.Setenv(LibraryEnv, "")
	paths := map[string]string{}
	for _, flavor := range ortlib.Flavors() {
		pin, err := ortlib.Find(flavor)
		if err != nil {
			t.Skip(err)
		}
		if paths[flavor], err = pin.Path(); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(paths[flavor]), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(paths[flavor], nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for device, want := range map[string]string{
		"ort/cpu": "cpu", "ort/cuda:1": "gpu", "ort/tensorrt:0": "gpu", "ort/openvino:CPU": "openvino", "ort/openvino:NPU": "openvino",
	} {
		d, err := parse(device)
		if err != nil {
			t.Fatal(err)
		}
		got, err := candidates(d, backend.Config{})
		if err != nil || got[0] != paths[want] {
			t.Errorf("%s: got %v, %v, want %s first", device, got, err, paths[want])
		}
		got, err = candidates(d, backend.Config{Flavor: "openvino"})
		if err != nil || !slices.Equal(got, []string{paths["openvino"]}) {
			t.Errorf("%s with Flavor: got %v, %v, want only %s", device, got, err, paths["openvino"])
		}
	}
	if _, err := candidates(target{provider: "cpu"}, backend.Config{Flavor: "quantum"}); err == nil {
		t.Error("an unknown flavour is accepted")
	}
}

func TestCheckVersion(t *testing.T) {
	for version, ok := range map[string]bool{"1.23.2": false, "1.20.1": false, "1.24.0": true, "1.32.0": true, "2.0.0": true, "": true} {
		if err := checkVersion(version); (err == nil) != ok {
			t.Errorf("%q: got %v", version, err)
		}
	}
}
