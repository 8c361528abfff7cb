// SPDX-License-Identifier: Apache-2.0

package sionna

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
)

// TestOtherImplementationShapes makes recordings of random shapes with Sionna and
// decodes them: no CRC holds on wrong bits, and over all of them at least as many
// transmissions pass as with Sionna's receiver, which is told noise, delay and
// carrier offset. Shapes below Sionna's are logged. SIONNA_SHAPES is their number,
// SIONNA_SEED the seed.
func TestOtherImplementationShapes(t *testing.T) {
	python := testvec.Python(t, "sionna.phy", "torch")
	dir := t.TempDir()
	maker := exec.Command(python, "shapes.py", dir, setting("SIONNA_SHAPES", "4"), setting("SIONNA_SEED", "11"))
	if out, err := maker.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"+sigmf.MetaExt))
	if err != nil || len(files) == 0 {
		t.Fatalf("no shapes: %v", err)
	}
	ours, theirs, below := 0, 0, 0
	for _, file := range files {
		passed, sionna := decodeShape(t, file)
		ours, theirs = ours+passed, theirs+sionna
		if passed < sionna {
			below++
			t.Logf("%s: %d pass, %d with Sionna", filepath.Base(file), passed, sionna)
		}
	}
	t.Logf("%d shapes: %d pass, %d with Sionna; %d shapes below", len(files), ours, theirs, below)
	if ours < theirs {
		t.Errorf("%d transmissions pass, %d with Sionna", ours, theirs)
	}
}

// setting returns an environment variable or its default.
func setting(name, usual string) string {
	if s := os.Getenv(name); s != "" {
		return s
	}
	return usual
}

// decodeShape returns how many transmissions of a recording pass, and with Sionna.
func decodeShape(t *testing.T, file string) (passed, sionna int) {
	t.Helper()
	answers, err := testvec.Answers(file)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := sigmf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	chain, err := uplink.New(uplink.Config{Config: block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels}})
	if err != nil {
		t.Fatal(err)
	}
	defer chain.Close()
	report, err := chain.Play(context.Background(), rec, uplink.PlayConfig{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range answers {
		x := &report.Transmissions[i]
		if a.Sionna {
			sionna++
		}
		if x.CRC {
			passed++
			if !a.Right(x.SHA256) {
				t.Errorf("%s: slot %d: a CRC holds on wrong bits", filepath.Base(file), x.Slot)
			}
		}
	}
	return passed, sionna
}
