// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
)

// FuzzSearch diagnoses any samples under any grant that is valid: findings or an
// error, and none that names more than four fields.
func FuzzSearch(f *testing.F) {
	f.Add([]byte("0123456789abcdef"), uint8(0), uint8(24), uint8(3), uint8(1), int64(0))
	f.Add(make([]byte, 40000), uint8(3), uint8(2), uint8(28), uint8(9), int64(-5))
	f.Fuzz(func(t *testing.T, data []byte, start, num, mcs, slot uint8, at int64) {
		c := nr.Carrier{SubcarrierSpacingKHz: 60, NumPRB: 10, FFTSize: 128}
		g := nr.Grant{
			RNTI: uint16(at), NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, StartPRB: int(start) % 10,
			NumPRB: int(num), MCSTable: nr.MCSTable64QAM, MCSIndex: int(mcs), NewData: true,
			DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
		}
		if g.Validate(&c) != nil {
			return
		}
		m := &sigmf.Meta{Datatype: sigmf.CI8, NumChannels: 2, SampleRate: c.SampleRate(), Carrier: c, Unaligned: true}
		m.Transmissions = []sigmf.Transmission{{Slot: nr.Slot(slot), SampleStart: at % 4000, SampleCount: int64(c.SlotSamples(nr.Slot(slot))), Grant: g}}
		data = bytes.Repeat(append(data, 1), 1+16000/(1+len(data)))
		data = data[:len(data)/4*4]
		rec, err := sigmf.New(m, bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		rec.Unaligned = false
		found, err := Search(context.Background(), rec, []nr.Outcome{nr.OutcomeFailed}, Config{Receiver: "ls", RNTIs: []uint16{1, 2}, NIDs: []int{1, 70000, -1}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range found {
			if len(found[i].Fields) > maxFields || found[i].Text == "" {
				t.Errorf("%+v", found[i])
			}
		}
	})
}

// FuzzReadAt reads a file whose bytes are changed, at any place: what comes is the
// change of the whole.
func FuzzReadAt(f *testing.F) {
	f.Add([]byte("abcdefghij"), 3, 5, uint8(2))
	f.Add([]byte("abcdefghi"), 8, 9, uint8(4))
	f.Fuzz(func(t *testing.T, data []byte, off, num int, unit uint8) {
		size := int64(1) << (unit % 4)
		if off < 0 || num < 1 || off > 1<<16 || num > 1<<16 {
			return
		}
		data = data[:int64(len(data))/size*size]
		whole := bytes.Clone(data)
		for i := int64(0); i < int64(len(whole)); i += size {
			reverse(whole[i : i+size])
		}
		b := &bytesChanged{bytes.NewReader(data), size, reverse}
		got, want := make([]byte, num), make([]byte, num)
		n, err := b.ReadAt(got, int64(off))
		wanted, failed := bytes.NewReader(whole).ReadAt(want, int64(off))
		if n != wanted || (err == nil) != (failed == nil) || err != nil && err != io.EOF || !bytes.Equal(got[:n], want[:n]) {
			t.Errorf("%d bytes at %d: got %q, %v, want %q, %v", num, off, got[:n], err, want[:wanted], failed)
		}
	})
}
