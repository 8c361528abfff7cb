// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// shipped is the recording that is part of examples/uplink.
const shipped = "../../testdata/uplink.sigmf-meta"

// TestShippedRecording makes the recording again.
func TestShippedRecording(t *testing.T) {
	got, want := made(t, "-o", filepath.Join(t.TempDir(), "uplink.sigmf-meta")), read(t, shipped)
	if !same(got, want) || len(want.samples) > 2e6 {
		t.Errorf("%d bytes of samples are made, %d are shipped, and they differ or are above 2 MB", len(got.samples), len(want.samples))
	}
}

// TestSeed checks that one seed gives one recording and another seed another.
func TestSeed(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.sigmf-meta")
	a, b, c := made(t, "-o", name, "-seed", "7"), made(t, "-o", name, "-seed", "7"), made(t, "-o", name, "-seed", "8")
	if !bytes.Equal(a.samples, b.samples) || same(a, c) {
		t.Error("the seed does not decide")
	}
}

// TestKeepsWhatRoundsElsewhere leaves a recording alone that differs by rounding,
// and writes another one anew.
func TestKeepsWhatRoundsElsewhere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.sigmf-meta")
	for step, kept := range map[byte]bool{1: true, 2: false} {
		f := read(t, shipped)
		f.samples[1000] += step
		if err := f.save(name); err != nil {
			t.Fatal(err)
		}
		if got := made(t, "-o", name); bytes.Equal(got.samples, f.samples) != kept {
			t.Errorf("off by %d: kept %t, want %t", step, !kept, kept)
		}
	}
}

// TestRefuses lists arguments that fail.
func TestRefuses(t *testing.T) {
	for _, args := range [][]string{{"-colour"}, {"more"}, {"-o", "r.json"}, {"-o", "no/such/folder/r.sigmf-meta"}} {
		if code := run(args, &bytes.Buffer{}); code == 0 {
			t.Errorf("%q succeeded", args)
		}
	}
}

// made runs the program and reads what it wrote to the file after -o.
func made(t *testing.T, args ...string) *file {
	t.Helper()
	if code := run(args, os.Stderr); code != 0 {
		t.Fatalf("exit %d", code)
	}
	return read(t, args[1])
}

func read(t *testing.T, name string) *file {
	t.Helper()
	f, err := load(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
