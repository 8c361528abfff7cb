// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"math/cmplx"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/nr"
)

// TestSharedRecordings opens every recording of the shared folder, reads every
// slot, and compares the grants with the answers beside it.
func TestSharedRecordings(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(testvec.Shared(t), "iq", "*"+MetaExt))
	if err != nil || len(names) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), MetaExt), func(t *testing.T) {
			r, err := Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}()
			checkAnswers(t, r, name)
			var b nr.Baseband
			slots := r.Slots()
			for i := range slots {
				if err := r.ReadSlot(&b, &slots[i]); err != nil {
					t.Fatal(err)
				}
				power := 0.0
				for _, x := range b.Samples.Data() {
					power += cmplx.Abs(complex128(x)) * cmplx.Abs(complex128(x))
				}
				if power /= float64(b.Samples.Len()); !(power > 1e-6 && power < 1e3) {
					t.Errorf("slot %d: mean power %g", slots[i].Slot, power)
				}
			}
		})
	}
}

func checkAnswers(t *testing.T, r *Recording, name string) {
	t.Helper()
	want, err := testvec.Answers(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Transmissions) != len(want) {
		t.Fatalf("%d transmissions, want %d", len(r.Transmissions), len(want))
	}
	for i, w := range want {
		x := &r.Transmissions[i]
		if uint64(x.Slot) != w.Slot || x.Grant.RNTI != w.RNTI || x.Grant.HARQProcess != w.HARQ || x.Grant.TBS() != w.Bits {
			t.Errorf("transmission %d: slot %d rnti %d harq %d tbs %d, want %+v", i, x.Slot, x.Grant.RNTI, x.Grant.HARQProcess, x.Grant.TBS(), w)
		}
	}
}
