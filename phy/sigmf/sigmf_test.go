// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

func testCarrier() nr.Carrier {
	return nr.Carrier{CellID: 7, SubcarrierSpacingKHz: 30, NumPRB: 11, FFTSize: 256, CarrierHz: 3.5e9}
}

func testGrant() nr.Grant {
	return nr.Grant{
		RNTI: 1001, NID: 7, NumLayers: 2, NumAntennaPorts: 2, Mapping: nr.MappingA,
		NumSymbols: 14, NumPRB: 11, MCSTable: nr.MCSTable64QAM, MCSIndex: 4, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2,
			Ports: [4]uint8{0, 1}, NumCDMGroupsWithoutData: 2, NID: [2]int{7, 8}},
	}
}

// record writes three slots, the second with two transmissions.
func record(t testing.TB, d Datatype, channels int) (meta, data []byte, slots []nr.Baseband) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	var out bytes.Buffer
	w, err := NewWriter(Config{Datatype: d, NumChannels: channels, Carrier: testCarrier(), Description: "a test"},
		&out, func(m []byte) error { meta = m; return nil })
	if err != nil {
		t.Fatal(err)
	}
	lead := tensor.New[complex64]([]int{channels, 5})
	if err := w.WriteSamples(&lead); err != nil {
		t.Fatal(err)
	}
	other := testGrant()
	other.RNTI, other.MCSIndex, other.DMRS.Ports, other.RV = 1002, 9, [4]uint8{2, 3}, 2
	codebook := testGrant()
	codebook.Codebook, codebook.TPMI, codebook.NewData, codebook.Mapping, codebook.HARQProcess = true, 1, false, nr.MappingB, 31
	codebook.MCSIndex, codebook.XOverhead, codebook.TBSLBRM = 30, 12, nr.LimitedBufferTBS(2, nr.MCSTable64QAM, 11)
	c := testCarrier()
	for i, grants := range [][]nr.Grant{{testGrant()}, {testGrant(), other}, {codebook}} {
		slot := nr.Slot(19 + i)
		b := nr.Baseband{Slot: slot, Samples: tensor.New[complex64]([]int{channels, c.SlotSamples(slot)}, "rx", "sample")}
		for k := range b.Samples.Data() {
			b.Samples.Data()[k] = complex(float32(rng.IntN(255)-128)/128, float32(rng.IntN(255)-128)/128)
		}
		if err := w.WriteSlot(&b, grants...); err != nil {
			t.Fatal(err)
		}
		slots = append(slots, b)
	}
	if w.Clipped() != 0 {
		t.Fatalf("%d samples clipped", w.Clipped())
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return meta, out.Bytes(), slots
}

func TestWrittenRecordingReadsBack(t *testing.T) {
	for _, d := range []Datatype{CF32, CI16, CI8} {
		for _, channels := range []int{1, 2, 5} {
			t.Run(string(d), func(t *testing.T) {
				meta, data, want := record(t, d, channels)
				m, err := ParseMeta(meta)
				if err != nil {
					t.Fatalf("%v\n%s", err, meta)
				}
				r, err := New(m, bytes.NewReader(data), int64(len(data)))
				if err != nil {
					t.Fatal(err)
				}
				if err := r.Verify(); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(testCarrier(), r.Carrier); diff != "" {
					t.Error(diff)
				}
				slots := r.Slots()
				if len(slots) != 3 || len(slots[1].Transmissions) != 2 || slots[0].SampleStart != 5 {
					t.Fatalf("got slots %+v", slots)
				}
				if g := slots[1].Transmissions[1].Grant; g.RNTI != 1002 || g.MCSIndex != 9 || g.DMRS.Ports != [4]uint8{2, 3} || g.RV != 2 {
					t.Errorf("got grant %+v", g)
				}
				if g := slots[2].Transmissions[0].Grant; !g.Codebook || g.TPMI != 1 || g.NewData || g.Mapping != nr.MappingB || g.HARQProcess != 31 ||
					g.MCSIndex != 30 || g.XOverhead != 12 || g.TBSLBRM != nr.LimitedBufferTBS(2, nr.MCSTable64QAM, 11) {
					t.Errorf("got grant %+v", g)
				}
				for i := range slots {
					got := nr.Baseband{Samples: tensor.Named[complex64]("rx", "sample")}
					if err := r.ReadSlot(&got, &slots[i]); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(want[i].Slot, got.Slot); diff != "" || !got.Samples.Equal(want[i].Samples) {
						t.Errorf("slot %d differs: %s %v", i, diff, got.Samples)
					}
				}
			})
		}
	}
}

// TestOtherRate writes a recording at another rate than the carrier's, and samples in
// memory.
func TestOtherRate(t *testing.T) {
	var meta []byte
	var data bytes.Buffer
	w, err := NewWriter(Config{Datatype: CF32, NumChannels: 2, Carrier: testCarrier(), SampleRate: 10e6}, &data, func(m []byte) error { meta = m; return nil })
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New[complex64]([]int{2, 5000})
	for i := range x.Data() {
		x.Data()[i] = complex(float32(i), -float32(i))
	}
	if err := errors.Join(w.WriteSlot(&nr.Baseband{Slot: 7, Samples: x}, testGrant()), w.Close()); err != nil {
		t.Fatal(err)
	}
	m, err := ParseMeta(meta)
	if err != nil {
		t.Fatal(err)
	}
	if m.SampleRate != 10e6 || m.Transmissions[0].SampleCount != 5000 || m.Transmissions[0].Slot != 7 {
		t.Errorf("got %+v", m)
	}
	file, err := New(m, bytes.NewReader(data.Bytes()), int64(data.Len()))
	if err != nil {
		t.Fatal(err)
	}
	memory, err := FromSamples(m, &x)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*Recording{file, memory} {
		var got tensor.Tensor[complex64]
		if err := r.ReadSamples(&got, 10, 4000); err != nil || got.Row(1)[0] != x.Row(1)[10] || got.Row(0)[3999] != x.Row(0)[4009] {
			t.Errorf("got %v, %v", got.Dims(), err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	var shape *tensor.ShapeError
	m.NumChannels = 3
	if _, err := FromSamples(m, &x); !errors.As(err, &shape) {
		t.Errorf("two antennas for three: %v", err)
	}
}

func TestOpenAndCreate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x"+MetaExt)
	w, err := Create(name, Config{Datatype: CI16, NumChannels: 1, Carrier: testCarrier()})
	if err != nil {
		t.Fatal(err)
	}
	c := testCarrier()
	b := nr.Baseband{Samples: tensor.New[complex64]([]int{1, c.SlotSamples(0)})}
	if err := w.WriteSlot(&b, testGrant()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	data := strings.TrimSuffix(name, MetaExt) + DataExt
	content, err := os.ReadFile(data)
	if err != nil {
		t.Fatal(err)
	}
	var field *FieldError
	var short *DataError
	content[3] ^= 1
	write(t, data, content)
	if _, err := Open(name); !errors.As(err, &field) || field.Field != "core:sha512" {
		t.Errorf("damaged: got %v, want core:sha512", err)
	}
	write(t, data, content[:len(content)-4])
	if _, err := Open(name); !errors.As(err, &short) || short.Want != int64(len(content)) {
		t.Errorf("truncated: got %v, want a DataError", err)
	}
	write(t, data, append(content, 0))
	if _, err := Open(name); !errors.As(err, &short) {
		t.Errorf("half a sample more: got %v, want a DataError", err)
	}
	if err := os.Remove(data); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no data: got %v", err)
	}
	if _, err := Open(data); !errors.As(err, &field) || field.Field != "name" {
		t.Errorf("not a metadata file: got %v", err)
	}
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestParseMetaNamesTheField changes one thing in good metadata at a time.
func TestParseMetaNamesTheField(t *testing.T) {
	tests := []struct {
		name, path, value string // path from the top; value "" removes
		field             string
	}{
		{"no global", "global", "", "global"},
		{"no datatype", "global/core:datatype", "", "core:datatype"},
		{"unknown datatype", "global/core:datatype", `"rf32_le"`, "core:datatype"},
		{"datatype of a wrong type", "global/core:datatype", `3`, "core:datatype"},
		{"no sample rate", "global/core:sample_rate", "", "core:sample_rate"},
		{"other sample rate", "global/core:sample_rate", `1e6`, "core:sample_rate"},
		{"no channels", "global/core:num_channels", `0`, "core:num_channels"},
		{"path as data set", "global/core:dataset", `"../x"`, "core:dataset"},
		{"offset", "global/core:offset", `100`, "core:offset"},
		{"metadata only", "global/core:metadata_only", `true`, "core:metadata_only"},
		{"other extension", "global/core:extensions", `[{"name":"antenna","optional":false}]`, "core:extensions"},
		{"header bytes", "captures/0/core:header_bytes", `16`, "core:header_bytes"},
		{"no carrier", "global/nr:carrier", "", "nr:carrier"},
		{"unknown global", "global/nr:pdsch", `{}`, "nr:pdsch"},
		{"unknown carrier field", "global/nr:carrier/bandwidth", `20`, "nr:carrier.bandwidth"},
		{"missing carrier field", "global/nr:carrier/fft_size", "", "nr:carrier.fft_size"},
		{"carrier word", "global/nr:carrier/cyclic_prefix", `"long"`, "nr:carrier.cyclic_prefix"},
		{"carrier null", "global/nr:carrier/n_cell_id", `null`, "nr:carrier.n_cell_id"},
		{"carrier fraction", "global/nr:carrier/n_size_grid", `11.5`, "nr:carrier.n_size_grid"},
		{"carrier range", "global/nr:carrier/n_cell_id", `1008`, "nr:carrier.n_cell_id"},
		{"extended prefix", "global/nr:carrier/cyclic_prefix", `"extended"`, "cyclic_prefix"},
		{"unknown grant field", "global/nr:pusch/mcs", `4`, "nr:pusch.mcs"},
		{"missing grant field", "global/nr:pusch/n_rnti", "", "nr:pusch.n_rnti"},
		{"identity too large", "global/nr:pusch/n_rnti", `70000`, "nr:pusch.n_rnti"},
		{"precoding", "global/nr:pusch/precoding", `"none"`, "nr:pusch.precoding"},
		{"mapping", "global/nr:pusch/mapping_type", `"C"`, "nr:pusch.mapping_type"},
		{"three symbols", "global/nr:pusch/symbol_allocation", `[0,1,2]`, "nr:pusch.symbol_allocation"},
		{"mapping A later", "global/nr:pusch/symbol_allocation", `[2,12]`, "nr:pusch.symbol_allocation"},
		{"transform precoding", "global/nr:pusch/transform_precoding", `true`, "transform_precoding"},
		{"table 4", "global/nr:pusch/mcs_table", `4`, "nr:pusch.mcs_table"},
		{"overhead", "global/nr:pusch/x_overhead", `5`, "nr:pusch.x_overhead"},
		{"limited buffer", "global/nr:pusch/tbs_lbrm", `"yes"`, "nr:pusch.tbs_lbrm"},
		{"dmrs no object", "global/nr:pusch/dmrs", `7`, "nr:pusch.dmrs"},
		{"dmrs unknown", "global/nr:pusch/dmrs/power", `3`, "nr:pusch.dmrs.power"},
		{"dmrs missing", "global/nr:pusch/dmrs/n_scid", "", "nr:pusch.dmrs.n_scid"},
		{"dmrs ports", "global/nr:pusch/dmrs/dmrs_port_set", `[0]`, "nr:pusch.dmrs.dmrs_port_set"},
		{"dmrs negative port", "global/nr:pusch/dmrs/dmrs_port_set", `[0,-1]`, "nr:pusch.dmrs.dmrs_port_set"},
		{"dmrs too many ports", "global/nr:pusch/dmrs/dmrs_port_set", `[0,1,2,3,4]`, "nr:pusch.dmrs.dmrs_port_set"},
		{"dmrs position", "global/nr:pusch/dmrs/additional_position", `4`, "nr:pusch.dmrs.additional_position"},
		{"annotation without slot", "annotations/0/nr:slot_number", "", "nr:slot_number"},
		{"annotation without start", "annotations/0/core:sample_start", "", "core:sample_start"},
		{"negative start", "annotations/0/core:sample_start", `-1`, "core:sample_start"},
		{"length of no slot", "annotations/0/core:sample_count", `100`, "core:sample_count"},
		{"slots backwards", "annotations/3/nr:slot_number", `18`, "nr:slot_number"},
		{"slots overlap", "annotations/3/core:sample_start", `6`, "core:sample_start"},
		{"two starts of a slot", "annotations/2/core:sample_start", `6`, "core:sample_start"},
		{"annotation unknown", "annotations/1/nr:pucch", `{}`, "nr:pucch"},
		{"override of part of dmrs", "annotations/1/nr:pusch/dmrs", `{"n_scid":1}`, "nr:pusch.dmrs.config_type"},
		{"no annotations", "annotations", `[]`, "annotations"},
	}
	meta, _, _ := record(t, CI16, 2)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseMeta(edit(t, meta, test.path, test.value))
			var ours *FieldError
			var unsupported *nr.UnsupportedError
			got := ""
			switch {
			case errors.As(err, &ours):
				got = ours.Field
			case errors.As(err, &unsupported):
				got = unsupported.Field
			}
			if got != test.field {
				t.Errorf("got error %v, want one that names %s", err, test.field)
			} else if !strings.HasPrefix(err.Error(), "sigmf: ") || !strings.Contains(err.Error(), test.field) {
				t.Errorf("error %q does not say where", err)
			}
		})
	}
}

func TestParseMetaAccepts(t *testing.T) {
	meta, _, _ := record(t, CI16, 2)
	for name, change := range map[string][2]string{
		"unknown core field":      {"global/core:author", `"someone"`},
		"optional extension":      {"global/core:extensions", `[{"name":"antenna","optional":true}]`},
		"no hash":                 {"global/core:sha512", ""},
		"no description":          {"global/core:description", ""},
		"no tpmi and no codebook": {"global/nr:pusch/tpmi", ""},
		"no captures":             {"captures", ""},
		"foreign annotation":      {"annotations/0", `{"core:sample_start":0,"core:label":"noise"}`},
	} {
		t.Run(name, func(t *testing.T) {
			in := edit(t, meta, change[0], change[1])
			if name == "no tpmi and no codebook" {
				in = edit(t, in, "annotations/3", "")
			}
			if _, err := ParseMeta(in); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := ParseMeta([]byte("IQ")); !errors.Is(err, ErrMeta) {
		t.Errorf("got %v, want ErrMeta", err)
	}
}

// TestUnsupportedIsKept changes the second of four transmissions to what cannot be
// received: it is named, and the others are as before.
func TestUnsupportedIsKept(t *testing.T) {
	meta, _, _ := record(t, CI16, 2)
	want, err := ParseMeta(meta)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, value, field string }{
		{"nr:pusch/transform_precoding", `true`, "transform_precoding"},
		{"nr:pusch/layers", `1`, "nr:pusch.layers"},
		{"nr:pusch/ptrs", `{"time_density":2}`, "nr:pusch.ptrs"},
		{"nr:pusch/dmrs", `{"config_type":1,"length":1,"additional_position":1,"type_a_position":2,"dmrs_port_set":[0,1],` +
			`"num_cdm_groups_without_data":2,"n_scid":0,"n_id":[7,8],"low_papr":true}`, "nr:pusch.dmrs.low_papr"},
		{"nr:pusch/dmrs", `{"config_type":1,"additional_position":1,"type_a_position":2,"n_rs_id":7}`, "nr:pusch.dmrs.n_rs_id"},
		{"nr:pusch/num_layers", `6`, "num_layers"},
	} {
		t.Run(test.field, func(t *testing.T) {
			m, err := ParseMeta(edit(t, meta, "annotations/1/"+test.path, test.value))
			if err != nil {
				t.Fatal(err)
			}
			var unsupported *nr.UnsupportedError
			x := &m.Transmissions[1]
			if !errors.As(x.Unsupported, &unsupported) || unsupported.Field != test.field {
				t.Errorf("got reason %v, want one that names %s", x.Unsupported, test.field)
			}
			if g, w := x.Grant, want.Transmissions[1].Grant; g.RNTI != w.RNTI || g.HARQProcess != w.HARQProcess || g.NewData != w.NewData || g.NumPRB != w.NumPRB {
				t.Errorf("got grant %+v, want what can be read of %+v", g, w)
			}
			m.Transmissions[1] = want.Transmissions[1]
			if diff := cmp.Diff(want.Transmissions, m.Transmissions); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestByteOrderMark reads metadata and a log as some editors save them.
func TestByteOrderMark(t *testing.T) {
	meta, _, _ := record(t, CI16, 2)
	marked := append([]byte("\ufeff"), meta...)
	if _, err := ParseMeta(marked); err != nil {
		t.Error(err)
	}
	if _, err := ParseLog(marked, []byte("\ufeffsfn,slot\n1,2\n")); err != nil {
		t.Error(err)
	}
}

// edit sets or removes the value at a path of a JSON text.
func edit(t *testing.T, text []byte, path, value string) []byte {
	t.Helper()
	var top any
	if err := json.Unmarshal(text, &top); err != nil {
		t.Fatal(err)
	}
	var v any
	if value != "" {
		if err := json.Unmarshal([]byte(value), &v); err != nil {
			t.Fatal(err)
		}
	}
	out, err := json.Marshal(set(top, strings.Split(path, "/"), v, value == ""))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func set(node any, path []string, v any, remove bool) any {
	if len(path) == 0 {
		return v
	}
	switch n := node.(type) {
	case map[string]any:
		if remove && len(path) == 1 {
			delete(n, path[0])
		} else {
			n[path[0]] = set(n[path[0]], path[1:], v, remove)
		}
		return n
	case []any:
		i := int(path[0][0] - '0')
		if remove && len(path) == 1 {
			return append(n[:i:i], n[i+1:]...)
		}
		n[i] = set(n[i], path[1:], v, remove)
		return n
	}
	return node
}

func TestQuantizeClips(t *testing.T) {
	src := []complex64{complex(1, 0), complex(-1, 0), complex(0, 2), complex(float32(math.NaN()), 0), 0.5}
	dst := make([]byte, 2*len(src))
	if got := CI8.encode(dst, src, 1, 1); got != 3 {
		t.Errorf("%d samples clipped, want 3", got)
	}
	if diff := cmp.Diff([]byte{127, 0, 0x80, 0, 0, 127, 0, 0, 64, 0}, dst); diff != "" {
		t.Error(diff)
	}
}

func TestReadSamplesChecksItsRange(t *testing.T) {
	meta, data, _ := record(t, CI8, 2)
	m, err := ParseMeta(meta)
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(m, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var x tensor.Tensor[complex64]
	for _, test := range []struct {
		start int64
		num   int
		ok    bool
	}{{0, 0, true}, {r.NumSamples, 0, true}, {r.NumSamples - 1, 1, true}, {-1, 1, false}, {0, -1, false}, {r.NumSamples, 1, false}, {math.MaxInt64, 1, false}} {
		err := r.ReadSamples(&x, test.start, test.num)
		var dataErr *DataError
		if (err == nil) != test.ok || err != nil && !errors.As(err, &dataErr) {
			t.Errorf("%d samples from %d: got error %v", test.num, test.start, err)
		}
	}
}

func TestNoAllocs(t *testing.T) {
	meta, data, _ := record(t, CI16, 2)
	m, err := ParseMeta(meta)
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(m, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	slots := r.Slots()
	var b nr.Baseband
	if err := r.ReadSlot(&b, &slots[0]); err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(20, func() { err = r.ReadSlot(&b, &slots[1]) }); err != nil || got > 0 {
		t.Errorf("ReadSlot: %v allocations, error %v", got, err)
	}
}

func TestWriterRefuses(t *testing.T) {
	good := Config{Datatype: CI16, NumChannels: 2, Carrier: testCarrier()}
	for name, change := range map[string]func(*Config){
		"datatype": func(c *Config) { c.Datatype = "cf64_le" },
		"channels": func(c *Config) { c.NumChannels = 0 },
		"carrier":  func(c *Config) { c.Carrier.NumPRB = 300 },
		"rate":     func(c *Config) { c.SampleRate = 1e6 },
		"no rate":  func(c *Config) { c.SampleRate = math.NaN() },
	} {
		c := good
		change(&c)
		if _, err := NewWriter(c, nil, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	var out bytes.Buffer
	closed := 0
	w, err := NewWriter(good, &out, func([]byte) error { closed++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New[complex64]([]int{1, 10})
	var shape *tensor.ShapeError
	if err := w.WriteSamples(&x); !errors.As(err, &shape) {
		t.Errorf("one antenna: got %v, want a ShapeError", err)
	}
	bad := testGrant()
	bad.NumLayers = 5
	var unsupported *nr.UnsupportedError
	if err := w.Annotate(Transmission{SampleCount: 3840, Grant: bad}); !errors.As(err, &unsupported) || unsupported.Field != "num_layers" {
		t.Errorf("five layers: got %v, want num_layers", err)
	}
	var none *FieldError
	if err := w.Close(); !errors.As(err, &none) || closed != 1 {
		t.Errorf("nothing annotated: got %v, closed %d times", err, closed)
	}
}
