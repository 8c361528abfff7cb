// SPDX-License-Identifier: Apache-2.0

package ldpc

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/phy/crc"
	"github.com/neuroran/neuroran/phy/nr"
)

func TestSelect(t *testing.T) {
	for _, tc := range []struct {
		payload int
		rate    float64
		want    BaseGraph
	}{
		{292, 0.95, BG2},
		{293, 0.67, BG2},
		{293, 0.68, BG1},
		{3824, 0.67, BG2},
		{3824, 0.6701, BG1},
		{3825, 0.67, BG1},
		{3825, 0.25, BG2},
		{100000, 0.2501, BG1},
		{100000, 0.25, BG2},
	} {
		if got := Select(tc.payload, tc.rate); got != tc.want {
			t.Errorf("Select(%d, %v) = BG%d, want BG%d", tc.payload, tc.rate, got, tc.want)
		}
	}
}

// TestSegment has one case for each branch of TS 38.212 §5.2.2.
func TestSegment(t *testing.T) {
	for _, tc := range []struct {
		name    string
		payload int
		bg      BaseGraph
		want    Segmentation
	}{
		{"smallest, Kb 6", 24, BG2, Segmentation{BG2, 1, 7, 70, 40, 40, 30, crc.CRC16, crc.None}},
		{"Kb 6, last", 176, BG2, Segmentation{BG2, 1, 32, 320, 192, 192, 128, crc.CRC16, crc.None}},
		{"Kb 8, first", 177, BG2, Segmentation{BG2, 1, 26, 260, 193, 193, 67, crc.CRC16, crc.None}},
		{"Kb 9, first", 545, BG2, Segmentation{BG2, 1, 64, 640, 561, 561, 79, crc.CRC16, crc.None}},
		{"Kb 10, first", 625, BG2, Segmentation{BG2, 1, 72, 720, 641, 641, 79, crc.CRC16, crc.None}},
		{"one block of BG2", 3816, BG2, Segmentation{BG2, 1, 384, 3840, 3832, 3832, 8, crc.CRC16, crc.None}},
		{"CRC24A", 3848, BG1, Segmentation{BG1, 1, 176, 3872, 3872, 3872, 0, crc.CRC24A, crc.None}},
		{"one block of BG1", 8424, BG1, Segmentation{BG1, 1, 384, 8448, 8448, 8448, 0, crc.CRC24A, crc.None}},
		{"two blocks of BG1", 8456, BG1, Segmentation{BG1, 2, 208, 4576, 4264, 4240, 312, crc.CRC24A, crc.CRC24B}},
		{"two blocks of BG2", 3840, BG2, Segmentation{BG2, 2, 208, 2080, 1956, 1932, 124, crc.CRC24A, crc.CRC24B}},
		{"273 PRB, 256QAM", 294912 + 8, BG1, Segmentation{BG1, 36, 384, 8448, 8217, 8193, 231, crc.CRC24A, crc.CRC24B}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Segment(tc.payload, tc.bg)
			if tc.name == "273 PRB, 256QAM" { // not a size of TS 38.214: 294944 is not a multiple of 36
				if !isFieldError(err) {
					t.Fatalf("got %+v, %v", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestSegmentErrors(t *testing.T) {
	for _, tc := range []struct {
		payload int
		bg      BaseGraph
	}{{0, BG1}, {-5, BG2}, {1 << 25, BG1}, {100, 3}, {8457, BG1}} {
		if got, err := Segment(tc.payload, tc.bg); !isFieldError(err) {
			t.Errorf("Segment(%d, %d) = %+v, %v", tc.payload, tc.bg, got, err)
		}
	}
}

func TestLiftingSizes(t *testing.T) {
	all := LiftingSizes()
	if len(all) != 51 || all[0] != 2 || all[50] != 384 {
		t.Errorf("%d sizes from %d to %d, want 51 from 2 to 384", len(all), all[0], all[len(all)-1])
	}
	for _, z := range []int{-1, 0, 1, 17, 19, 21, 385} {
		if ValidZ(z) {
			t.Errorf("ValidZ(%d)", z)
		}
	}
}

// TestSegmentProperties walks all payloads of one code block.
func TestSegmentProperties(t *testing.T) {
	for _, bg := range []BaseGraph{BG1, BG2} {
		for payload := 1; payload <= bg.MaxCodeBlock()-24; payload++ {
			s, err := Segment(payload, bg)
			if err != nil {
				t.Fatal(err)
			}
			if s.NumBlocks != 1 || s.KPrime != payload+s.TBCRC.Len() || s.Filler != s.K-s.KPrime || s.Filler < 0 || !ValidZ(s.Z) {
				t.Fatalf("payload %d: %+v", payload, s)
			}
			if err := s.Config().Validate(); err != nil {
				t.Fatalf("payload %d: %v", payload, err)
			}
		}
	}
}

func FuzzSegment(f *testing.F) {
	f.Add(1000, uint8(1))
	f.Add(295_000, uint8(2))
	f.Fuzz(func(t *testing.T, payload int, bg uint8) {
		s, err := Segment(payload, BaseGraph(bg))
		if err != nil {
			return
		}
		if s.NumBlocks*s.PayloadBits != payload+s.TBCRC.Len() || s.KPrime > s.K || s.Config().Validate() != nil {
			t.Fatalf("%+v", s)
		}
	})
}

// isFieldError reports whether err names a parameter out of range.
func isFieldError(err error) bool {
	var fe *nr.FieldError
	return errors.As(err, &fe)
}
