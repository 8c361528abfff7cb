// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"math"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
)

// harmless lists recordings in which no field is wrong, whatever passes.
func harmless() ([]mistake, error) {
	out := []mistake{
		{name: "nothing"},
		{name: "another cell identity, which only defaults depend on", meta: func(m object) { carrier(m)["n_cell_id"] = 6 }},
		{name: "float32 samples", meta: float32Type, data: toFloat32(1)},
		{name: "float32 samples of 10⁻⁶", meta: float32Type, data: toFloat32(1e-6)},
		{name: "samples behind the last slot", data: func(x []byte) []byte { return append(x, x[:8000]...) }},
	}
	for _, c := range []struct {
		name   string
		change func(*scene)
	}{
		{"a fade: 5 dB", func(s *scene) { s.snrDB = 5 }},
		{"a deep fade: −10 dB", func(s *scene) { s.snrDB = -10 }},
		{"near the limit: 11 dB, TDLC300", func(s *scene) { s.snrDB, s.profile = 11, channel.TDLC300() }},
		{"Doppler of 1 kHz", func(s *scene) { s.dopplerHz = 1000 }},
		{"every third slot empty", func(s *scene) { s.silent = func(n nr.Slot) bool { return n%3 == 0 } }},
		{"all slots but one empty", func(s *scene) { s.silent = func(n nr.Slot) bool { return n != 4 } }},
		{"nobody transmits", func(s *scene) { s.silent = func(nr.Slot) bool { return true } }},
	} {
		s := rightScene()
		c.change(&s)
		r, err := s.record()
		if err != nil {
			return nil, err
		}
		out = append(out, mistake{name: c.name, base: r})
	}
	return out, nil
}

func float32Type(m object) { global(m)["core:datatype"] = "cf32_le" }

// toFloat32 makes float32 samples of 16-bit ones.
func toFloat32(scale float32) func([]byte) []byte {
	return func(x []byte) []byte {
		var out []byte
		for i := 0; i < len(x); i += 2 {
			v := float32(int16(binary.LittleEndian.Uint16(x[i:]))) / 32768 * scale
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
		}
		return out
	}
}
