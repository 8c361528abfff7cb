// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sigmf"
)

// TestPythonWriter runs the Python program of docs/sigmf-nr.md as it stands there,
// with the samples that its grants ask for, and decodes what it writes.
func TestPythonWriter(t *testing.T) {
	python := testvec.Python(t)
	text, err := os.ReadFile(filepath.Join(testvec.Root(), "docs", "sigmf-nr.md"))
	if err != nil {
		t.Fatal(err)
	}
	var program strings.Builder
	for _, m := range regexp.MustCompile("(?s)```python\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		program.WriteString(m[1] + "\n")
	}
	dir := t.TempDir()
	samples := filepath.Join(dir, "samples.cf32")
	write := func(iq []byte) string {
		if err := os.WriteFile(samples, iq, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(python, "-c", program.String())
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return filepath.Join(dir, "mine"+sigmf.MetaExt)
	}
	meta, err := os.ReadFile(write(nil)) // what is to be sent
	if err != nil {
		t.Fatal(err)
	}
	m, err := sigmf.ParseMeta(meta)
	if err != nil {
		t.Fatal(err)
	}
	code, out, errs := invoke(t, "-recording", write(send(t, m)))
	if code != 0 || errs != "" || !strings.Contains(out, "3 transmissions, 3 passed") {
		t.Errorf("exit %d, %s\n%s", code, errs, out)
	}
}

// send returns the samples of a recording: its transmissions over a channel that
// differs between antennas, with a little noise.
func send(t *testing.T, m *sigmf.Meta) []byte {
	t.Helper()
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: m.Carrier})
	if err != nil {
		t.Fatal(err)
	}
	mod, err := ofdm.NewModulator(ofdm.Config{Carrier: m.Carrier, NumPorts: 1})
	if err != nil {
		t.Fatal(err)
	}
	last := m.Transmissions[len(m.Transmissions)-1]
	rng := rand.New(rand.NewPCG(3, 4))
	x := make([]complex128, int(last.SampleStart+last.SampleCount)*m.NumChannels)
	for i := range x {
		x[i] = complex(rng.NormFloat64(), rng.NormFloat64()) * 0.03
	}
	for _, tr := range m.Transmissions {
		var grid nr.Grid
		var wave nr.Baseband
		block := make([]byte, tr.Grant.TBS()/8)
		for i := range block {
			block[i] = byte(rng.Uint32())
		}
		if err := errors.Join(tx.Configure(tr.Slot, &tr.Grant), tx.Process(&grid, block), mod.Process(&wave, &grid)); err != nil {
			t.Fatal(err)
		}
		for i, z := range wave.Samples.Row(0) {
			for ch := range m.NumChannels {
				x[(int(tr.SampleStart)+i)*m.NumChannels+ch] += complex128(z) * complex(0.8, 0.5*float64(ch))
			}
		}
	}
	var iq []byte
	for _, z := range x {
		iq = binary.LittleEndian.AppendUint32(iq, math.Float32bits(float32(real(z))))
		iq = binary.LittleEndian.AppendUint32(iq, math.Float32bits(float32(imag(z))))
	}
	return iq
}
