// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/phy/nr"
)

// FuzzParseMeta checks that what is accepted is valid, and that it returns from
// a round trip through the writer.
func FuzzParseMeta(f *testing.F) {
	meta, _, _ := record(f, CI16, 2)
	f.Add(meta)
	f.Add([]byte(`{"global":{"core:datatype":"ci8"},"annotations":[{"nr:slot_number":0}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseMeta(text)
		if err != nil {
			return
		}
		if err := m.Carrier.Validate(); err != nil {
			t.Fatal(err)
		}
		var data bytes.Buffer
		var again []byte
		w, err := NewWriter(Config{Datatype: m.Datatype, NumChannels: m.NumChannels, Carrier: m.Carrier, SampleRate: m.SampleRate, Description: m.Description},
			&data, func(text []byte) error { again = text; return nil })
		if err != nil {
			t.Fatal(err)
		}
		m.Transmissions = slices.DeleteFunc(m.Transmissions, func(x Transmission) bool { return x.Unsupported != nil })
		for _, x := range m.Transmissions {
			if err := x.Grant.Validate(&m.Carrier); err != nil {
				t.Fatal(err)
			}
			if err := w.Annotate(x); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		n, err := ParseMeta(again)
		if err != nil {
			t.Fatalf("%v\n%s", err, again)
		}
		if diff := cmp.Diff(m.Transmissions, n.Transmissions); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzReadSamples reads damaged data files.
func FuzzReadSamples(f *testing.F) {
	meta, data, _ := record(f, CI8, 2)
	m, err := ParseMeta(meta)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:100])
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := New(m, bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		slots := r.Slots()
		var b nr.Baseband
		for i := range slots {
			if err := r.ReadSlot(&b, &slots[i]); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzParseLog checks that what is accepted is valid and in order, and that it
// returns from a round trip through the writer.
func FuzzParseLog(f *testing.F) {
	meta, _, _ := record(f, CI8, 2)
	f.Add([]byte("sfn,slot,n_rnti,prb_start,prb_size,mcs_index,rv,harq_process,new_data\n1023,19,0x4601,0,11,5,0,3,1\n0,0,17,2,4,9,0,4,true\n"))
	f.Add([]byte("\ufeffslot, sfn,dmrs.length,dmrs.dmrs_port_set,dmrs\n# comment\n3,5,1,\"0 1\",\n4,5,,,\"{\"\"length\"\":2}\"\n"))
	f.Add([]byte("sfn,slot,symbol_allocation,mapping_type,n_id\n0,0,\"[0, 12]\",B,[7]\n"))
	f.Fuzz(func(t *testing.T, log []byte) {
		m, err := ParseLog(meta, log)
		if err != nil {
			return
		}
		m.Transmissions = slices.DeleteFunc(m.Transmissions, func(x Transmission) bool { return x.Unsupported != nil })
		for i, x := range m.Transmissions {
			if err := x.Grant.Validate(&m.Carrier); err != nil {
				t.Fatal(err)
			}
			if i > 0 && (x.Slot < m.Transmissions[i-1].Slot || x.SampleStart < m.Transmissions[i-1].SampleStart) {
				t.Fatalf("transmission %d is before the last", i)
			}
		}
		var text bytes.Buffer
		if err := WriteLog(&text, m); err != nil {
			t.Fatal(err)
		}
		again, err := ParseLog(meta, text.Bytes())
		if err != nil {
			t.Fatalf("%v\n%s", err, text.Bytes())
		}
		for i, x := range again.Transmissions { // slots of a log begin with its first frame
			if x.Grant != m.Transmissions[i].Grant || x.Slot-again.Transmissions[0].Slot > m.Transmissions[i].Slot-m.Transmissions[0].Slot {
				t.Fatalf("transmission %d: got %+v, want %+v", i, x, m.Transmissions[i])
			}
		}
	})
}
