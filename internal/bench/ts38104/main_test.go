// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
)

// figures are two tables of one row each.
func figures(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"ts38104_frc.csv":       "frc,scs_khz,n_prb,rate_x1024,modulation\nA,15,25,193,QPSK\n",
		"ts38104_pusch_snr.csv": "ref,profile,doppler_hz,n_tx_layers,n_rx,frc,snr_db_at_70pct_throughput\nRow 1,TDLB100,400,1,2,A,-2.3\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestResume measures a row with few channels, and again from the file: the second
// run simulates nothing and prints the same.
func TestResume(t *testing.T) {
	file := filepath.Join(t.TempDir(), "points.csv")
	args := []string{"-data", figures(t), "-o", file, "-trials", "2", "-rounds", "16"}
	var first, second bytes.Buffer
	if err := run(context.Background(), args, &first); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := run(context.Background(), args, &second); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() || !bytes.Equal(before, after) || strings.Count(first.String(), "|") != 7 {
		t.Errorf("first run %q, second %q, file %q", first.String(), second.String(), after)
	}
}

// TestSharedRows reads all requirements; every one has a link.
func TestSharedRows(t *testing.T) {
	rows, err := readRows(filepath.Join(testvec.Shared(t), "data"))
	if err != nil || len(rows) < 30 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	o, err := parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		cfg, err := rows[i].config(o)
		if err == nil {
			err = cfg.PUSCH.UEs[0].Grant.Validate(&cfg.PUSCH.Carrier)
		}
		if err != nil {
			t.Errorf("%s: %v", rows[i].ref, err)
		}
	}
}

// TestRequirements holds the receiver to every requirement: at its signal to noise
// ratio at least 70 % of the throughput, over few channels. Rows of 273 PRB are left
// to NEURORAN_LONG.
func TestRequirements(t *testing.T) {
	rows, err := readRows(filepath.Join(testvec.Shared(t), "data"))
	if err != nil {
		t.Fatal(err)
	}
	o, err := parse([]string{"-trials", "8", "-rounds", "16", "-workers", "2"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := openBook("")
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		r := &rows[i]
		if r.frc.prb > 100 && os.Getenv("NEURORAN_LONG") == "" {
			continue
		}
		p, err := o.point(context.Background(), r, b, r.snrDB)
		if err != nil {
			t.Fatal(err)
		}
		if p.throughput < target {
			t.Errorf("%s, %s-%.0f, %d layers, %d antennas: %.3f of the throughput at %.1f dB (seed %d, %d transmissions)",
				r.ref, r.profile, r.dopplerHz, r.layers, r.rx, p.throughput, r.snrDB, o.seed, p.slots)
		}
	}
}

// TestRefuses names what is wrong.
func TestRefuses(t *testing.T) {
	dir := figures(t)
	file := filepath.Join(t.TempDir(), "points.csv")
	if err := os.WriteFile(file, []byte("row,snr_db,throughput,std,transmissions\nx,1,2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-rows", "("}, {"-data", t.TempDir()}, {"-data", dir, "-o", file}, {"-data", dir, "-receiver", "magic"}} {
		if err := run(context.Background(), args, &bytes.Buffer{}); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
