// SPDX-License-Identifier: Apache-2.0

package nr

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/neuroran/neuroran/internal/testvec"
)

// files are what golden.py writes.
var files = []string{
	"phy/nr/testdata/dmrs_positions.csv", "phy/nr/testdata/mcs.csv", "phy/nr/testdata/tbs.csv",
	"phy/nr/testdata/overhead.csv", "phy/nr/testdata/lbrm.csv", "phy/sch/testdata/ratematch.csv",
	"phy/dmrs/testdata/dmrs.csv", "phy/pusch/testdata/precoding.csv",
}

// TestGoldenIsReproducible runs the recipe and wants the committed files.
func TestGoldenIsReproducible(t *testing.T) {
	python, dir := testvec.Python(t, "sionna"), t.TempDir()
	if out, err := exec.Command(python, "golden.py", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range files {
		want, err := os.ReadFile(filepath.Join(testvec.Root(), name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-committed +made):\n%s", name, diff)
		}
	}
}
