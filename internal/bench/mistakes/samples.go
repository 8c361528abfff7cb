// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"math"
	"path/filepath"
	"strings"
)

// frame is the size of one sample of all antennas.
const frame = 4 * numAntennas

// everySample calls change with the I and Q of every sample of an antenna.
func everySample(x []byte, antenna int, change func(iq []byte)) []byte {
	for i := 4 * antenna; i+4 <= len(x); i += frame {
		change(x[i : i+4])
	}
	return x
}

// both calls everySample for both antennas.
func both(change func(iq []byte)) func([]byte) []byte {
	return func(x []byte) []byte {
		for a := range numAntennas {
			everySample(x, a, change)
		}
		return x
	}
}

// ofFiles lists mistakes of the data file.
func ofFiles() []mistake {
	return []mistake{
		{name: "no data file", fields: []string{"data file"}, noData: true},
		{name: "a byte changed", fields: []string{"core:sha512"}, keepHash: true, data: func(x []byte) []byte { x[100] ^= 1; return x }},
		{name: "three bytes short", fields: []string{"data file"}, data: func(x []byte) []byte { return x[:len(x)-3] }},
		{name: "a third short", fields: []string{"data file"}, data: func(x []byte) []byte { return x[:len(x)/3*2/frame*frame] }},
		{name: "a half short, and no hash", fields: []string{"data file"}, meta: func(m object) { delete(global(m), "core:sha512") }, data: func(x []byte) []byte { return x[:len(x)/2] }},
		{name: "empty", fields: []string{"data file"}, data: func([]byte) []byte { return nil }},
		{name: "big-endian samples", fields: []string{"core:datatype"}, data: func(x []byte) []byte {
			for i := 0; i < len(x); i += 2 {
				x[i], x[i+1] = x[i+1], x[i]
			}
			return x
		}},
		{name: "one antenna after the other", fields: []string{"data file"}, data: planar},
		{name: "float32 samples, one antenna after the other", fields: []string{"data file"}, meta: float32Type, data: func(x []byte) []byte { return toFloat32(1)(planar(x)) }},
	}
}

// planar puts the samples of one antenna behind those of the other.
func planar(x []byte) []byte {
	var out []byte
	for a := range numAntennas {
		everySample(x, a, func(iq []byte) { out = append(out, iq...) })
	}
	return out
}

// ofSamples lists mistakes of the samples themselves.
func ofSamples() []mistake {
	return []mistake{
		{name: "all zeros", fields: []string{"data file"}, data: func(x []byte) []byte { return make([]byte, len(x)) }},
		{name: "an antenna that is zero, another that is noise", fields: []string{"core:num_channels"}, data: func(x []byte) []byte {
			everySample(x, 0, func(iq []byte) { copy(iq, []byte{iq[3], 0, iq[1], 0}) })
			return everySample(x, 1, func(iq []byte) { clear(iq) })
		}},
		{name: "I and Q exchanged", fields: []string{"core:datatype"}, data: both(func(iq []byte) { iq[0], iq[1], iq[2], iq[3] = iq[2], iq[3], iq[0], iq[1] })},
		{name: "conjugated", fields: []string{"core:datatype"}, data: both(func(iq []byte) {
			q := int16(binary.LittleEndian.Uint16(iq[2:]))
			binary.LittleEndian.PutUint16(iq[2:], uint16(-max(q, -math.MaxInt16)))
		})},
		{name: "not a number", fields: []string{"sample 250 of channel 0"}, meta: float32Type, data: func(x []byte) []byte {
			out := toFloat32(1)(x)
			binary.LittleEndian.PutUint32(out[250*2*frame:], math.Float32bits(float32(math.NaN())))
			return out
		}},
		{name: "a carrier three subcarriers beside 0 Hz", fields: []string{"core:frequency"}, data: beside(3)},
	}
}

// beside moves the spectrum up by some subcarriers.
func beside(subcarriers int) func([]byte) []byte {
	n := 0
	return both(func(iq []byte) {
		i, q := float64(int16(binary.LittleEndian.Uint16(iq))), float64(int16(binary.LittleEndian.Uint16(iq[2:])))
		size := baseCarrier().FFTSize
		sin, cos := math.Sincos(2 * math.Pi * float64(n*subcarriers%size) / float64(size))
		n++
		put := func(b []byte, x float64) {
			binary.LittleEndian.PutUint16(b, uint16(int16(max(min(x, math.MaxInt16), math.MinInt16))))
		}
		put(iq, i*cos-q*sin)
		put(iq[2:], i*sin+q*cos)
	})
}

// ofArguments lists mistakes of the command line.
func ofArguments() []mistake {
	with := func(name, field string, args ...string) mistake {
		return mistake{name: name, fields: []string{field}, args: func(string) []string { return args }}
	}
	return []mistake{
		with("a folder that is not there", "/nope/r.sigmf-meta", "-recording", "/nope/r.sigmf-meta"),
		{name: "the data file for the metadata", fields: []string{".sigmf-meta"}, args: func(name string) []string {
			return []string{"-recording", strings.TrimSuffix(name, "meta") + "data"}
		}},
		{name: "no ending", fields: []string{".sigmf-meta"}, args: func(name string) []string {
			return []string{"-recording", strings.TrimSuffix(name, ".sigmf-meta")}
		}},
		{name: "a folder", fields: []string{".sigmf-meta"}, args: func(name string) []string { return []string{"-recording", filepath.Dir(name)} }},
		with("no name", "-recording", "-recording", ""),
		with("-receiver mmse", "-receiver", "-receiver", "mmse"),
		with("-device cuda", "-device", "-device", "cuda"),
		with("-device ort/cuda:0", "-device", "-device", "ort/cuda:0", "-receiver", "neural"),
		with("-device without neural", "-device", "-device", "ort/cpu"),
		with("-slots -1", "-slots", "-slots", "-1"),
		with("-slots x", "-slots", "-slots", "x"),
		with("an argument more", "extra", "extra"),
		with("-plot into /proc", "-plot", "-plot", "/proc/x"),
		with("-try-rnti 70000", "-try-rnti", "-diagnose", "-try-rnti", "70000"),
		with("-try-id without -diagnose", "-try-id", "-try-id", "3"),
	}
}
