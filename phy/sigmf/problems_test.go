// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
)

// TestAllProblemsAtOnce makes many mistakes in one file: each is told, with its place,
// and nothing that only follows from another.
func TestAllProblemsAtOnce(t *testing.T) {
	meta, _, _ := record(t, CI16, 2)
	for _, change := range [][2]string{
		{"global/core:datatype", `"cf64_le"`},
		{"global/nr:carrier/subcarrier_spacing_khz", `30000`},
		{"global/nr:pusch/mcs_idx", `3`},
		{"global/nr:pusch/mcs_index", ``},
		{"global/nr:pusch/config_type", `1`},
		{"annotations/0/nr:slot", `19`},
		{"annotations/1/nr:pusch/rv", `4`},
		{"annotations/2/nr:pusch/rv", `4`},
	} {
		meta = edit(t, meta, change[0], change[1])
	}
	_, err := ParseMeta(meta)
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("got %v, want a list of errors", err)
	}
	want := []string{
		"sigmf: global: core:datatype: got \"cf64_le\", want cf32_le, ci16_le or ci8 (SigMF 1.2.5)",
		"sigmf: global: nr:carrier.subcarrier_spacing_khz: got 30000, want 15, 30, 60 or 120 (TS 38.211 table 4.2-1)",
		"sigmf: global: nr:pusch.config_type: got 1, want a field of the format; nr:pusch.dmrs.config_type is one",
		"sigmf: global: nr:pusch.mcs_idx: got 3, want a field of the format, such as nr:pusch.mcs_index",
		"sigmf: annotation 0: nr:slot: got 19, want a field of the format, such as nr:slot_number",
		"sigmf: annotations 1, 2: nr:pusch.rv: got 4, want an integer of 0…3 (TS 38.212 §5.4.2.1)",
		"sigmf: annotations 0, 1: nr:pusch.mcs_index: got nothing, want an integer of 0…31 (TS 38.214 §5.1.3.1), here or in global",
	}
	got := joined.Unwrap()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("not told: %s", want[i])
		case i >= len(want) || got[i].Error() != want[i]:
			t.Errorf("problem %d: %v", i, got[i])
		}
	}
}

// TestProblemsOfManyAnnotations tells what many have in common once.
func TestProblemsOfManyAnnotations(t *testing.T) {
	meta, _, _ := record(t, CI16, 2)
	for _, path := range []string{"annotations/0", "annotations/1", "annotations/2", "annotations/3"} {
		meta = edit(t, meta, path+"/core:sample_count", "5")
	}
	_, err := ParseMeta(meta)
	if err == nil || err.Error() != "sigmf: annotations 0, 1, 2 and 1 more: core:sample_count: got 5, want 3840, the length of the slot at core:sample_rate" {
		t.Errorf("got %v", err)
	}
}

// TestReason says why a value that is within its range does not do, and wraps the
// error of package nr.
func TestReason(t *testing.T) {
	meta, _, _ := record(t, CI16, 2)
	_, err := ParseMeta(edit(t, meta, "global/nr:pusch/prb_start", "4"))
	var f *FieldError
	var inner *nr.FieldError
	if !errors.As(err, &f) || !errors.As(err, &inner) || f.Where != "global" || f.Field != "nr:pusch.prb_size" ||
		!strings.Contains(err.Error(), "prb_start 4 + prb_size is at most n_size_grid 11") {
		t.Errorf("got %v", err)
	}
	_, err = ParseMeta([]byte("{\"global\": {\n  \"core:datatype\": \"ci8\",\n}}"))
	if !errors.Is(err, ErrMeta) || !strings.Contains(err.Error(), "line 3, column 1") {
		t.Errorf("a comma too many: %v", err)
	}
}

// TestLengthFitsAnother reads a data file as what it is not.
func TestLengthFitsAnother(t *testing.T) {
	meta, data, _ := record(t, CI16, 2)
	for path, c := range map[string]struct{ value, want string }{
		"global/core:datatype":     {`"cf32_le"`, "the length fits core:num_channels 1 or core:datatype ci16_le"},
		"global/core:num_channels": {`4`, "the length fits core:num_channels 2 or core:datatype ci8"},
	} {
		m, err := ParseMeta(edit(t, meta, path, c.value))
		if err != nil {
			t.Fatal(err)
		}
		var short *DataError
		if _, err := New(m, bytes.NewReader(data), int64(len(data))); !errors.As(err, &short) || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: got %v", path, err)
		}
		_, err = New(m, bytes.NewReader(data), int64(len(data)-8000))
		if !errors.As(err, &short) || short.Fits != "" {
			t.Errorf("%s, and truncated: got %v", path, err)
		}
	}
	m, err := ParseMeta(edit(t, meta, "global/core:datatype", `"ci8"`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Layout{{CI16, 2}, {CI8, 4}}
	got := m.Fitting(int64(len(data)))
	if len(got) < 2 || got[0] != (Layout{CF32, 1}) || got[1] != want[0] {
		t.Errorf("half of the file is left over: %v", got)
	}
}

// TestHints names what was meant by names of others, and nothing for words that are
// like none.
func TestHints(t *testing.T) {
	s := newProblems().in("")
	for key, want := range map[string]string{
		"NCellID": "n_cell_id", "cell_id": "n_cell_id", "num_prb": "n_size_grid", "scs": "subcarrier_spacing_khz", "FFTsize": "fft_size",
		"fc": "carrier_frequency_hz", "n_cel_id": "n_cell_id", "start_grid": "n_start_grid", "colour": "", "x": "", "\x00": "", strings.Repeat("n", 1000): "",
	} {
		got := s.hint("nr:carrier.", key, specsOf(carrierFields))
		if want != "" {
			want = ", such as nr:carrier." + want
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", key, got, want)
		}
	}
	if got := s.hint("nr:pusch.", "DMRSTypeAPosition", specsOf(grantFields)); got != "; nr:pusch.dmrs.type_a_position is one" {
		t.Errorf("DMRSTypeAPosition: got %q", got)
	}
}
