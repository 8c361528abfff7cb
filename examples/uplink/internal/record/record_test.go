// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestShippedRecording makes the recording again. Fused multiply-adds differ
// between machines and kernels, so that a sample may round to its neighbour;
// everything else is equal.
func TestShippedRecording(t *testing.T) {
	name := filepath.Join(t.TempDir(), "uplink.sigmf-meta")
	if code := run([]string{"-o", name}, os.Stderr); code != 0 {
		t.Fatalf("exit %d", code)
	}
	gotMeta, got := read(t, name)
	wantMeta, want := read(t, "../../testdata/uplink.sigmf-meta")
	if gotMeta != wantMeta {
		t.Error("the metadata differ")
	}
	if len(got) != len(want) || len(want) > 2e6 {
		t.Fatalf("%d bytes of samples, want %d and at most 2 MB", len(got), len(want))
	}
	differ := 0
	for i := range want {
		switch d := int(int8(got[i])) - int(int8(want[i])); {
		case d > 1 || d < -1:
			t.Fatalf("sample byte %d: got %d, want %d", i, int8(got[i]), int8(want[i]))
		case d != 0:
			differ++
		}
	}
	if differ > len(want)/1000 {
		t.Errorf("%d of %d values differ", differ, len(want))
	}
}

// TestSeed checks that one seed gives one recording and another seed another.
func TestSeed(t *testing.T) {
	var data [3][]byte
	for i, seed := range []string{"7", "7", "8"} {
		name := filepath.Join(t.TempDir(), "r.sigmf-meta")
		if code := run([]string{"-o", name, "-seed", seed}, os.Stderr); code != 0 {
			t.Fatalf("exit %d", code)
		}
		_, data[i] = read(t, name)
	}
	if !bytes.Equal(data[0], data[1]) || bytes.Equal(data[0], data[2]) {
		t.Error("the seed does not decide")
	}
}

// read returns the metadata without the hash, and the samples.
func read(t *testing.T, name string) (meta string, data []byte) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for l := range strings.Lines(string(text)) {
		if !strings.Contains(l, "core:sha512") {
			kept = append(kept, l)
		}
	}
	if data, err = os.ReadFile(strings.TrimSuffix(name, "meta") + "data"); err != nil {
		t.Fatal(err)
	}
	return strings.Join(kept, ""), data
}
