// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/sfaas"
)

// TestMain lets the test be the program's other processes too.
func TestMain(m *testing.M) {
	if os.Getenv(roleEnv) != "" || os.Getenv(spinEnv) != "" {
		main()
	}
	os.Exit(m.Run())
}

// short is a run that a busy machine bears; with NEURORAN_LONG it is the whole one, at the
// pace of the radio's slots twice.
func short(n int) *config {
	c := &config{
		recording: "../../../examples/uplink/testdata/uplink.sigmf-meta", receiver: "ls",
		slot: 4 * time.Millisecond, deadline: 16 * time.Millisecond, n: n, time: 5 * time.Second,
	}
	if os.Getenv("NEURORAN_LONG") != "" {
		c.slot, c.deadline, c.n, c.time = time.Millisecond, 4*time.Millisecond, 50*n, 10*time.Minute
	}
	return c
}

// TestMoves moves the whole cell between two processes. In mode Fed nothing is lost, and every
// block is what it is without moves; in mode Soft a move costs a process one HARQ round.
func TestMoves(t *testing.T) {
	c := short(2)
	r, err := moves(t.Context(), c, sfaas.Fed)
	t.Logf("%+v", r)
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]tally{"still": r.Still, "moving": r.Moving} {
		if x.Blocks == 0 || x.Absent+x.Failed+x.Other > 0 {
			t.Errorf("fed, %s: %+v, want no block lost, or other than without moves", name, x)
		}
	}
	if testing.Short() {
		return
	}
	recordings := []string{c.recording}
	if os.Getenv("NEURORAN_LONG") != "" {
		recordings = append(recordings, filepath.Join(testvec.Shared(t), "iq", "harq-tdla.sigmf-meta"))
	}
	for _, c.recording = range recordings {
		r, err := moves(t.Context(), c, sfaas.Soft)
		t.Logf("%+v", r)
		if err != nil {
			t.Fatal(err)
		}
		if r.Moving.Other > 0 || r.Still.Absent+r.Still.Other > 0 || r.Moving.Most > r.Moves {
			t.Errorf("soft: %+v, want one round of a process a move at most", r)
		}
	}
}

// TestCut moves the second half of the cell away and back, cut at its soft bits.
func TestCut(t *testing.T) {
	if testing.Short() {
		t.Skip("a second or two")
	}
	r, err := cutAtLLRs(t.Context(), short(2))
	t.Logf("%+v", r)
	if err != nil {
		t.Fatal(err)
	}
	if lost := r.Whole.Absent + r.Whole.Failed + r.Whole.Other + r.Cut.Absent + r.Cut.Failed + r.Cut.Other; lost > 0 || r.Cut.Blocks == 0 || r.Bytes == 0 {
		t.Errorf("%d blocks are lost, or other, of %d and %d; %v bytes a slot", lost, r.Whole.Blocks, r.Cut.Blocks, r.Bytes)
	}
}

// TestLosses kills the owner, stops it, and takes the cell from it though it lives: each time
// the standby goes on, and nothing that an old owner still makes is accepted.
func TestLosses(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{"kill": syscall.SIGKILL, "stop": syscall.SIGSTOP, "flip": 0} {
		c := short(2)
		r, err := losses(t.Context(), c, name, signal)
		t.Logf("%+v", r)
		if err != nil {
			t.Fatal(err)
		}
		if r.Losses != c.n || r.Old > 0 {
			t.Errorf("%s: %+v, want %d losses, and nothing of an old owner", name, r, c.n)
		}
		if testing.Short() {
			return
		}
	}
}
