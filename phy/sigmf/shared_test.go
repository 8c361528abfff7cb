// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"encoding/json"
	"math/cmplx"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/nr"
)

// answers is the part of NAME.tb.json that the metadata must agree with.
type answers struct {
	Transmissions []struct {
		Slot   nr.Slot `json:"slot"`
		RNTI   uint16  `json:"rnti"`
		HARQ   int     `json:"harq"`
		TBBits int     `json:"tb_bits"`
	} `json:"transmissions"`
}

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
			checkAnswers(t, r, strings.TrimSuffix(name, MetaExt)+".tb.json")
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
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var want answers
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if len(r.Transmissions) != len(want.Transmissions) {
		t.Fatalf("%d transmissions, want %d", len(r.Transmissions), len(want.Transmissions))
	}
	for i, w := range want.Transmissions {
		x := &r.Transmissions[i]
		if x.Slot != w.Slot || x.Grant.RNTI != w.RNTI || x.Grant.HARQProcess != w.HARQ || x.Grant.TBS() != w.TBBits {
			t.Errorf("transmission %d: slot %d rnti %d harq %d tbs %d, want %+v", i, x.Slot, x.Grant.RNTI, x.Grant.HARQProcess, x.Grant.TBS(), w)
		}
	}
}
