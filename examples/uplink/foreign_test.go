// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/resample"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/tensor"
)

// foreign makes a recording of another into one that a radio at another rate would
// have made, whose start is lost.
type foreign struct {
	rate float64 // over that of the carrier
	cut  int     // samples of the carrier's rate that are missing at the start
}

// write converts the recording file and returns the name of the metadata.
func (f *foreign) write(t *testing.T, file string) string {
	t.Helper()
	rec, err := sigmf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	var x tensor.Tensor[complex64]
	if err := rec.ReadSamples(&x, int64(f.cut), int(rec.NumSamples)-f.cut); err != nil {
		t.Fatal(err)
	}
	from := rec.Carrier.SampleRate()
	to := math.Round(from * f.rate)
	band := float64(rec.Carrier.NumSubcarriers()*rec.Carrier.SubcarrierSpacingKHz) * 1e3
	r, err := resample.New(resample.Config{From: from, To: to, PassHz: band / 2})
	if err != nil {
		t.Fatal(err)
	}
	base := filepath.Join(t.TempDir(), "foreign")
	writeSamples(t, base+sigmf.DataExt, r, &x)
	f.writeMeta(t, file, base+sigmf.MetaExt, to)
	return base + sigmf.MetaExt
}

// writeSamples writes resampled antennas as cf32.
func writeSamples(t *testing.T, name string, r *resample.Resampler, x *tensor.Tensor[complex64]) {
	num := int(r.NumOutputs(int64(x.Dim(1))))
	out := tensor.New[complex64]([]int{x.Dim(0), num})
	first, count := r.Inputs(0, num)
	padded := make([]complex64, count)
	for ch := range x.Dim(0) {
		clear(padded)
		copy(padded[-first:], x.Row(ch))
		if err := r.Process(out.Row(ch), padded, 0); err != nil {
			t.Fatal(err)
		}
	}
	data := make([]byte, 0, 8*out.Len())
	for i := range num {
		for ch := range x.Dim(0) {
			z := out.Row(ch)[i]
			for _, v := range [2]float32{real(z), imag(z)} {
				bits := math.Float32bits(v)
				data = append(data, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
			}
		}
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// writeMeta changes rate and positions, which stay those of the whole recording.
func (f *foreign) writeMeta(t *testing.T, file, name string, rate float64) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	global := m["global"].(map[string]any)
	from := global["core:sample_rate"].(float64)
	global["core:sample_rate"], global["core:datatype"] = rate, "cf32_le"
	delete(global, "core:sha512")
	for _, a := range m["annotations"].([]any) {
		a := a.(map[string]any)
		start, count := a["core:sample_start"].(float64), a["core:sample_count"].(float64)
		a["core:sample_start"] = math.Round(start * rate / from)
		a["core:sample_count"] = math.Round((start+count)*rate/from) - math.Round(start*rate/from)
	}
	if text, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// outcomes returns what the program says of each transmission, by slot, RNTI and
// process, and the shift that it found.
func outcomes(t *testing.T, args ...string) (lines map[string]line, shift *int64) {
	t.Helper()
	code, out, errs := invoke(t, append(args, "-json")...)
	if code != 0 || errs != "" {
		t.Fatalf("exit %d: %s", code, errs)
	}
	lines = map[string]line{}
	for row := range strings.Lines(out) {
		if strings.Contains(row, `"summary"`) {
			var s summary
			if err := json.Unmarshal([]byte(row), &s); err != nil {
				t.Fatal(err)
			}
			return lines, s.Shift
		}
		var l line
		if err := json.Unmarshal([]byte(row), &l); err != nil {
			t.Fatal(err)
		}
		lines[fmt.Sprintf("%d/%d/%d", l.Slot, l.RNTI, l.HARQ)] = l
	}
	t.Fatal("no summary")
	return nil, nil
}

// TestForeignRates resamples the shared recordings to four other rates and cuts a
// random piece from the start of each, up to a frame and a half of all. Found by
// their DM-RS, all transmissions pass that pass in the recording as it is and are
// still there, with the same bits; but for retransmissions of a first one that is
// cut off. Without NEURORAN_LONG each recording has one of the rates.
func TestForeignRates(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testvec.Shared(t), "iq", "*.sigmf-meta"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	rng := rand.New(rand.NewPCG(8, 8))
	for i, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".sigmf-meta"), func(t *testing.T) {
			rates := []float64{125.0 / 96, 2, 0.99991, 1.0 / 1.024}
			if os.Getenv("NEURORAN_LONG") == "" {
				rates = rates[i%4:][:1]
			}
			want, _ := outcomes(t, "-recording", file)
			rec, err := sigmf.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			whole, samples := rec.Carrier.SlotSamples(1), rec.NumSamples
			rec.Close()
			for _, rate := range rates {
				f := foreign{rate, rng.IntN(min(10*whole, int(samples)/2))}
				got, shift := outcomes(t, "-recording", f.write(t, file), "-search", "10ms")
				if shift == nil {
					t.Fatalf("rate %v: nothing was searched", rate)
				}
				if off := *shift + int64(f.cut); off < -40 || off > 40 {
					t.Errorf("rate %v: %d samples are cut, the shift found is %d off", rate, f.cut, off)
				}
				compare(t, want, got, rate)
			}
		})
	}
}

// TestSharedLogs writes the grants of the shared recordings as logs of a gNB, and
// decodes the recordings with them and without annotations: as before.
func TestSharedLogs(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testvec.Shared(t), "iq", "*.sigmf-meta"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".sigmf-meta"), func(t *testing.T) {
			want, _ := outcomes(t, "-recording", file)
			recording, log := withLog(t, file)
			got, shift := outcomes(t, "-recording", recording, "-schedule", log)
			compare(t, want, got, 1)
			if len(got) != len(want) || shift == nil {
				t.Errorf("%d transmissions, want %d; shift %v", len(got), len(want), shift)
			}
		})
	}
}

// withLog copies a recording without its annotations and writes these as a log.
func withLog(t *testing.T, file string) (recording, log string) {
	t.Helper()
	rec, err := sigmf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	var text bytes.Buffer
	if err := sigmf.WriteLog(&text, &rec.Meta); err != nil {
		t.Fatal(err)
	}
	meta, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(meta, &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "annotations")
	if meta, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(strings.TrimSuffix(file, sigmf.MetaExt) + sigmf.DataExt)
	if err != nil {
		t.Fatal(err)
	}
	recording = write(t, meta, data)
	log = filepath.Join(t.TempDir(), "gnb.csv")
	if err := os.WriteFile(log, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return recording, log
}

// TestShippedLog decodes the shipped recording with the log beside it.
func TestShippedLog(t *testing.T) {
	got, shift := outcomes(t, "-schedule", filepath.Join("testdata", "uplink.csv"))
	if len(got) != 30 || shift == nil || *shift < -20 || *shift > 20 {
		t.Fatalf("%d transmissions, shift %v", len(got), shift)
	}
	for id, l := range got {
		if !l.CRC {
			t.Errorf("%s: %+v", id, l)
		}
	}
}

// compare checks that what passed passes still.
func compare(t *testing.T, want, got map[string]line, rate float64) {
	lost, there, passed, before := map[int]bool{}, 0, 0, 0
	for id, w := range want {
		if g := got[id]; strings.Contains(g.Reason, "not in the recording") {
			lost[w.HARQ<<16|int(w.RNTI)] = true
		}
	}
	for id, w := range want {
		g := got[id]
		if g.Reason != "" {
			continue
		}
		there++
		passed, before = passed+count(g.CRC), before+count(w.CRC)
		if w.CRC && !g.CRC && !lost[w.HARQ<<16|int(w.RNTI)] || g.CRC && w.CRC && g.TBSHA256 != w.TBSHA256 {
			t.Errorf("rate %v: slot, RNTI, process %s: got %+v, before %+v", rate, id, g, w)
		}
	}
	t.Logf("rate %.5f: %d of %d transmissions are there, %d pass, %d before", rate, there, len(want), passed, before)
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
