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
	name := filepath.Join(t.TempDir(), "uplink.sigmf-meta")
	if code := run([]string{"-o", name}, os.Stderr); code != 0 {
		t.Fatalf("exit %d", code)
	}
	got, want := read(t, name), read(t, shipped)
	if !same(got, want) || len(want.samples) > 2e6 {
		t.Errorf("%d bytes of samples are made, %d are shipped, and they differ or are above 2 MB", len(got.samples), len(want.samples))
	}
}

// TestSample makes what sigmf.Sample returns again.
func TestSample(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sample.sigmf-meta")
	if code := run([]string{"-o", name, "-slots", "3", "-log=false"}, os.Stderr); code != 0 {
		t.Fatalf("exit %d", code)
	}
	if !same(read(t, name), read(t, "../../../../phy/sigmf/testdata/sample.sigmf-meta")) {
		t.Error("another sample is shipped")
	}
}

// TestSeed checks that one seed gives one recording and another seed another.
func TestSeed(t *testing.T) {
	a, b, c := short(t, 7), short(t, 7), short(t, 8)
	if !bytes.Equal(a.samples, b.samples) || same(a, c) {
		t.Error("the seed does not decide")
	}
}

// TestKeepsWhatRoundsElsewhere leaves a recording alone that differs by rounding,
// and writes another one anew.
func TestKeepsWhatRoundsElsewhere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.sigmf-meta")
	for step, kept := range map[byte]bool{1: true, 2: false} {
		f := short(t, 7)
		f.samples[1000] += step
		if err := f.save(name); err != nil {
			t.Fatal(err)
		}
		if err := create(name, 7, shortSlots, true); err != nil {
			t.Fatal(err)
		}
		if got := read(t, name); bytes.Equal(got.samples, f.samples) != kept {
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

// shortSlots is the length of recordings of which the content does not matter.
const shortSlots = 1

func short(t *testing.T, seed uint64) *file {
	t.Helper()
	f, err := record(seed, shortSlots)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func read(t *testing.T, name string) *file {
	t.Helper()
	f, err := load(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
