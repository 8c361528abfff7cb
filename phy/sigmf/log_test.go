// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/phy/nr"
)

// TestLog reads a log with few columns, hexadecimal identities, lists with and
// without brackets, a comment, an empty cell and a system frame number that wraps.
func TestLog(t *testing.T) {
	meta, _, _ := record(t, CI16, 2)
	const log = `# of a gNB
sfn,slot,n_rnti,prb_size,dmrs.dmrs_port_set,symbol_allocation,new_data
1023,19,0x3EA,5,"[0, 1]",0 12,1
0,0,1003,,2 3,"[0,14]",0
0,0,1004,,,,false
3,7,0xffff,,,,true
`
	m, err := ParseLog(meta, []byte(log))
	if err != nil {
		t.Fatal(err)
	}
	c := testCarrier()
	first := testGrant()
	first.RNTI, first.NumPRB, first.NumSymbols = 1002, 5, 12
	second := testGrant()
	second.RNTI, second.DMRS.Ports, second.NewData = 1003, [4]uint8{2, 3}, false
	third := testGrant()
	third.RNTI, third.NewData = 1004, false
	fourth := testGrant()
	fourth.RNTI = 65535
	at := func(s nr.Slot) int64 { return c.SlotStart(s) - c.SlotStart(20479) }
	want := []Transmission{
		{Slot: 20479, SampleCount: 3840, Grant: first},
		{Slot: 20480, SampleStart: at(20480), SampleCount: 3840, Grant: second},
		{Slot: 20480, SampleStart: at(20480), SampleCount: 3840, Grant: third},
		{Slot: 20547, SampleStart: at(20547), SampleCount: 3840, Grant: fourth},
	}
	if diff := cmp.Diff(want, m.Transmissions); diff != "" {
		t.Error(diff)
	}
	if !m.Unaligned {
		t.Error("a log says where its slots are in the file")
	}
}

// TestLogRoundTrip writes the grants of a recording as a log and reads them back.
func TestLogRoundTrip(t *testing.T) {
	meta, _, _ := record(t, CI16, 2)
	want, err := ParseMeta(meta)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if err := WriteLog(&log, want); err != nil {
		t.Fatal(err)
	}
	got, err := ParseLog(meta, log.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.Transmissions {
		want.Transmissions[i].SampleStart -= 5 // the file's first slot is at sample 5
	}
	if diff := cmp.Diff(want.Transmissions, got.Transmissions); diff != "" {
		t.Error(diff)
	}
}

// TestLogNamesTheLine lists logs that are refused: the error names line and column.
func TestLogNamesTheLine(t *testing.T) {
	meta, _, _ := record(t, CI16, 2)
	for name, c := range map[string]struct{ log, where, field string }{
		"empty":        {"", "log", "header"},
		"no slot":      {"sfn,n_rnti\n1,2\n", "log header", "slot"},
		"unknown":      {"sfn,slot,rnti\n1,2,3\n", "log header", "rnti"},
		"twice":        {"sfn,slot,sfn\n1,2,3\n", "log header", "sfn"},
		"frame":        {"sfn,slot\n1,2\n1024,0\n", "log line 3", "sfn"},
		"slot":         {"sfn,slot\n1,20\n", "log line 2", "slot"},
		"backwards":    {"sfn,slot\n1,2\n1,1\n", "log line 3", "sfn"},
		"cells":        {"sfn,slot\n1,2,3\n", "log line 2", "line"},
		"quotes":       {"sfn,slot\n1,\"2\n", "log line 2", "line"},
		"word":         {"sfn,slot,mcs_index\n1,2,high\n", "log line 2", "nr:pusch.mcs_index"},
		"port":         {"sfn,slot,dmrs.dmrs_port_set\n1,2,0 -1\n", "log line 2", "nr:pusch.dmrs.dmrs_port_set"},
		"half of dmrs": {"sfn,slot,dmrs\n1,2,\"{\"\"length\"\":1}\"\n", "log line 2", "nr:pusch.dmrs.config_type"},
		"no lines":     {"sfn,slot\n", "metadata", "annotations"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseLog(meta, []byte(c.log))
			var f *FieldError
			if !errors.As(err, &f) || f.Where != c.where || f.Field != c.field {
				t.Errorf("got %v, want one of %s, %s", err, c.where, c.field)
			}
		})
	}
	if _, err := ParseLog(meta, []byte("sfn,slot,prb_size\n1,2,300\n")); err == nil || !strings.Contains(err.Error(), "log line 2") {
		t.Errorf("too many PRBs: got %v", err)
	}
}

// TestLogsOfOthers lists ways in which programs write the same two lines.
func TestLogsOfOthers(t *testing.T) {
	meta, _, _ := record(t, CI16, 2)
	want, err := ParseLog(meta, []byte("sfn,slot,n_rnti,mcs_index,new_data\n1,2,17921,9,true\n1,3,17921,7,false\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, log := range map[string]string{
		"mark and CRLF": "\ufeffsfn,slot,n_rnti,mcs_index,new_data\r\n1,2,17921,9,1\r\n1,3,17921,7,0\r\n",
		"quotes":        "\ufeff\"sfn\",\"slot\",\"n_rnti\",\"mcs_index\",\"new_data\"\n\"1\",\"2\",\"17921\",\"9\",\"TRUE\"\n\"1\",\"3\",\"17921\",\"7\",\"FALSE\"\n",
		"semicolons":    "sfn;slot;n_rnti;mcs_index;new_data\n1;2;17921;9;True\n1;3;17921;7;False\n",
		"tabs":          "# by hand\n\nsfn\tslot\tn_rnti\tmcs_index\tnew_data\n1\t2\t17921\t9\t1\n1\t3\t17921\t7\t0\n",
		"fractions":     "sfn,slot,n_rnti,mcs_index,new_data\n1.0,2.0,17921.0,9.0,1.0\n1.0,3.0,17921.0,7.0,0.0\n",
		"hexadecimal":   "sfn,slot,n_rnti,mcs_index,new_data\n0x1,0x2,0X4601,0x9,1\n1,3,0x4601,7,0\n",
		"capitals":      "SFN,Slot,N_RNTI,MCS_Index,New_Data\n1,2,17921,9,1\n1,3,17921,7,0\n",
		"order":         "new_data,mcs_index,slot,sfn,n_rnti\n1,9,2,1,17921\n0,7,3,1,17921\n",
		"last comma":    "sfn,slot,n_rnti,mcs_index,new_data,\n1,2,17921,9,1,\n1,3,17921,7,0,\n",
		"empty column":  "sfn,slot,n_rnti,mcs_index,uci,new_data\n1,2,17921,9,,1\n1,3,17921,7,,0\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseLog(meta, []byte(log))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want.Transmissions, got.Transmissions); d != "" {
				t.Error(d)
			}
		})
	}
	got, err := ParseLog(meta, []byte("sfn,slot,uci\n1,2,\n1,3,ack\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Transmissions[0].Unsupported != nil || !errors.Is(got.Transmissions[1].Unsupported, nr.ErrUnsupported) {
		t.Errorf("a feature of the second line: %v, %v", got.Transmissions[0].Unsupported, got.Transmissions[1].Unsupported)
	}
}

// TestLogKeepsUnsupported reads a line that cannot be received between two that can.
func TestLogKeepsUnsupported(t *testing.T) {
	meta, _, _ := record(t, CI16, 2)
	m, err := ParseLog(meta, []byte("sfn,slot,transform_precoding\n1,2,0\n1,3,1\n1,4,false\n"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Transmissions {
		if got := m.Transmissions[i].Unsupported; (got != nil) != (i == 1) {
			t.Errorf("line %d: %v", i+2, got)
		}
	}
}
