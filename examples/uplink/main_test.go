// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// invoke runs the program.
func invoke(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(context.Background(), args, &out, &err)
	return code, out.String(), err.String()
}

// TestTables decodes the shipped recording: every transmission passes, with
// every receiver.
func TestTables(t *testing.T) {
	for _, receiver := range []string{"ls", "lmmse", "neural"} {
		code, out, errs := invoke(t, "-receiver", receiver)
		if code != 0 || errs != "" {
			t.Fatalf("%s: exit %d, %s", receiver, code, errs)
		}
		for _, want := range []string{"phy/decode", "median µs", "p99 µs", "20 slots (10ms), 30 transmissions, 30 passed"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in\n%s", receiver, want, out)
			}
		}
		if strings.Contains(out, "FAIL") {
			t.Errorf("%s: a transmission fails\n%s", receiver, out)
		}
	}
}

// keys are the names of the JSON fields, in order.
func keys(t *testing.T, line string) []string {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(line))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
		var value any
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// TestJSON checks the form of the objects, field by field.
func TestJSON(t *testing.T) {
	code, out, errs := invoke(t, "-json", "-slots", "3")
	if code != 0 || errs != "" {
		t.Fatalf("exit %d, %s", code, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	last := len(lines) - 1
	hash := regexp.MustCompile("^[0-9a-f]{64}$")
	wantKeys := []string{"slot", "rnti", "harq", "crc", "outcome", "detected", "skipped", "tb_bits", "tb_sha256", "sinr_db", "snr_db", "cfo_hz",
		"delay_samples", "iterations", "latency_us", "late", "rv", "prb_start", "prb_size", "num_layers", "mcs_table", "mcs_index", "stages_us"}
	order := [][2]uint64{{0, 4601}, {1, 4602}, {1, 4603}, {2, 4601}, {2, 4604}}
	if last != len(order) {
		t.Fatalf("%d lines, want %d and a summary:\n%s", len(lines), len(order), out)
	}
	for i, text := range lines[:last] {
		if diff := cmp.Diff(wantKeys, keys(t, text)); diff != "" {
			t.Errorf("line %d (-want +got):\n%s", i, diff)
		}
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		if l.Slot != order[i][0] || uint64(l.RNTI) != order[i][1] || !l.CRC || l.Outcome != "passed" || !l.Detected || l.Skipped || !hash.MatchString(l.TBSHA256) ||
			l.TBBits < 24 || l.Iterations < 1 || l.LatencyUs <= 0 || l.Late != (l.LatencyUs > 500) {
			t.Errorf("line %d: %s", i, text)
		}
		if l.SNRdB < 20 || l.SINRdB < 15 || l.DelaySamples < 0 || l.DelaySamples > 15 || l.CFOHz < -300 || l.CFOHz > 300 {
			t.Errorf("line %d: measurements far from what was sent: %s", i, text)
		}
	}
	wantKeys = []string{"summary", "slots", "transmissions", "crc_ok", "absent", "dropped", "unsupported", "throughput_mbps", "decode_mbps", "receiver", "device"}
	if diff := cmp.Diff(wantKeys, keys(t, lines[last])); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	var s summary
	if err := json.Unmarshal([]byte(lines[last]), &s); err != nil {
		t.Fatal(err)
	}
	if s.DecodeMbps <= 0 {
		t.Errorf("decoded at %v Mbit/s", s.DecodeMbps)
	}
	s.DecodeMbps = 0
	bits := 11528 + 5888 + 4608 + 7680 + 5760
	want := summary{Summary: true, Slots: 3, Transmissions: 5, CRCOK: 5, ThroughputMbps: round(float64(bits) / 1.5e-3 / 1e6), Receiver: "lmmse"}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

// TestRealTime plays at the pace of the carrier. Whether a slot is done in time
// depends on the machine; every transmission has a line all the same.
func TestRealTime(t *testing.T) {
	code, out, errs := invoke(t, "-realtime", "-json", "-receiver", "ls")
	if code != 0 || errs != "" {
		t.Fatalf("exit %d, %s", code, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 31 {
		t.Fatalf("%d lines, want 31", len(lines))
	}
	for _, text := range lines[:30] {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		if l.Skipped && (l.CRC || l.TBSHA256 != "") {
			t.Errorf("skipped and decoded: %s", text)
		}
	}
}

// TestPlot writes both drawings.
func TestPlot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	if code, _, errs := invoke(t, "-plot", dir, "-slots", "4"); code != 0 {
		t.Fatalf("exit %d, %s", code, errs)
	}
	for name, want := range map[string][]string{
		"constellation.svg": {"RNTI 4601, 64QAM", "RNTI 4601, 256QAM", "RNTI 4603, 16QAM", "layer 2 of 2", "EVM ", "slots 0…", "in phase", "<circle"},
		"timeline.svg":      {"phy/estimate", "3 · 4604", "slot 500µs", "<rect", ">ok, ", "µs after"},
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(string(text), w) {
				t.Errorf("%s: no %q", name, w)
			}
		}
		if err := xml.Unmarshal(text, &struct{ XMLName xml.Name }{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if bytes.Contains(text, []byte("<title></title>")) || bytes.Contains(text, []byte("NaN")) {
			t.Errorf("%s: an empty title, or no number", name)
		}
	}
}

// TestPlotFailures marks what did not pass.
func TestPlotFailures(t *testing.T) {
	dir := t.TempDir()
	meta := bytes.Replace(shippedMeta, []byte(`"n_rnti": 4601`), []byte(`"n_rnti": 4600`), 1)
	if code, _, errs := invoke(t, "-recording", write(t, meta, shippedData), "-plot", dir, "-slots", "2"); code != 0 {
		t.Fatalf("exit %d, %s", code, errs)
	}
	for name, want := range map[string]string{"constellation.svg": `<g fill="#c8102e" fill-opacity="0.7">` + "\n<circle", "timeline.svg": ">FAIL, "} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s: no %q, %v", name, want, err)
		}
	}
}

// TestHelp prints the flags and exits with 0.
func TestHelp(t *testing.T) {
	if code, out, errs := invoke(t, "-h"); code != 0 || errs != "" || !strings.Contains(out, "-recording") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}
