// SPDX-License-Identifier: Apache-2.0

package coord

import (
	"encoding/binary"
	"math"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// Map is the SINR that a receiver reports of a UE, by the UE's coordinates: values at the
// points of a square grid, straight lines between, and the nearest point's outside. It is
// immutable and may be shared.
type Map struct {
	grid   grid
	lowDB  float32 // value of level 0
	stepDB float32 // and from one level to the next
	levels []uint8 // [row, column]
}

// grid is where the points of a map lie.
type grid struct {
	west, south   float32 // of the first point, m
	spacing       float32 // between neighbours, m
	columns, rows int
}

// MaxPoints bounds the grid of a map, so that a map takes at most a kilobyte.
const MaxPoints = maxBytes - headerBytes

const (
	maxBytes    = 1024
	headerBytes = 28
)

// corner returns the point south-west of a place and the place's shares of a cell east and
// north of it, 0…1.
func (g *grid) corner(x, y float64) (column, row int, east, north float32) {
	column, east = along((x-float64(g.west))/float64(g.spacing), g.columns)
	row, north = along((y-float64(g.south))/float64(g.spacing), g.rows)
	return column, row, east, north
}

// along splits a coordinate in cells into point and share; what is outside goes to the border.
func along(at float64, points int) (point int, share float32) {
	last := float64(points - 1)
	if !(at > 0) {
		return 0, 0
	}
	at = min(at, last)
	point = min(int(at), max(points-2, 0))
	return point, float32(at - float64(point))
}

// SINRdB returns the SINR expected of a UE at a place, dB. Coordinates that are no numbers are
// taken for the south-western corner. It does not allocate.
func (m *Map) SINRdB(x, y float64) float32 {
	c, r, east, north := m.grid.corner(x, y)
	c2, r2 := min(c+1, m.grid.columns-1), min(r+1, m.grid.rows-1)
	at := func(row, column int) float32 { return float32(m.levels[row*m.grid.columns+column]) }
	south := at(r, c) + east*(at(r, c2)-at(r, c))
	upper := at(r2, c) + east*(at(r2, c2)-at(r2, c))
	return m.lowDB + m.stepDB*(south+north*(upper-south))
}

// Tell tells a cell the quality of a UE by its place, in the place of a sounding. It reports
// whether the UE is attached. It does not allocate.
func (m *Map) Tell(c *mac.Cell, rnti uint16, slot nr.Slot, x, y float64) bool {
	var values [mac.MaxRBGs]float32
	m.Quality(values[:c.NumRBGs()], x, y)
	return c.Sound(rnti, slot, values[:c.NumRBGs()])
}

// Quality writes what is expected of every resource block group of a UE at a place, dB, which
// is the same for all: of what is particular to a frequency coordinates say nothing.
func (m *Map) Quality(dst []float32, x, y float64) {
	value := m.SINRdB(x, y)
	for i := range dst {
		dst[i] = value
	}
}

// magic begins the bytes of a map, of version 1.
const magic = "nrcm\x01"

// MarshalBinary implements [encoding.BinaryMarshaler]: at most 1 kB.
//
//	magic 5, columns 1, rows 1, 0, then float32: west, south, spacing, low, step; levels
func (m *Map) MarshalBinary() ([]byte, error) {
	b := append([]byte(magic), byte(m.grid.columns), byte(m.grid.rows), 0)
	for _, x := range []float32{m.grid.west, m.grid.south, m.grid.spacing, m.lowDB, m.stepDB} {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return append(b, m.levels...), nil
}

// UnmarshalBinary implements [encoding.BinaryUnmarshaler]. It returns a [*nr.FieldError] for
// bytes that are none of MarshalBinary, and leaves m as it is then.
func (m *Map) UnmarshalBinary(b []byte) error {
	if len(b) < headerBytes || string(b[:len(magic)]) != magic {
		return &nr.FieldError{Field: "coord: map", Got: len(b), Want: "bytes of a map, version 1"}
	}
	var x [5]float32
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[8+4*i:]))
	}
	n := Map{grid: grid{x[0], x[1], x[2], int(b[5]), int(b[6])}, lowDB: x[3], stepDB: x[4]}
	if err := n.grid.validate(); err != nil {
		return err
	}
	if n.levels = append(n.levels, b[headerBytes:]...); len(n.levels) != n.grid.columns*n.grid.rows {
		return &nr.FieldError{Field: "coord: map: levels", Got: len(n.levels), Want: "one for each point"}
	}
	if !(n.lowDB >= -100 && n.stepDB >= 0 && n.lowDB+255*n.stepDB <= 100) {
		return &nr.FieldError{Field: "coord: map: low, step", Got: x[3:], Want: "values of ±100 dB"}
	}
	*m = n
	return nil
}

// validate reports the first field out of range.
func (g *grid) validate() error {
	switch n := g.columns * g.rows; {
	case g.columns < 1 || g.columns > 255 || g.rows < 1 || g.rows > 255 || n > MaxPoints:
		return &nr.FieldError{Field: "coord: points", Got: [2]int{g.columns, g.rows}, Want: "1…255 a side, 996 together"}
	case !(g.spacing > 0 && g.spacing <= 1e6):
		return &nr.FieldError{Field: "coord: spacing", Got: g.spacing, Want: "above 0, at most 1e6 m"}
	case !(math.Abs(float64(g.west)) <= 1e7 && math.Abs(float64(g.south)) <= 1e7):
		return &nr.FieldError{Field: "coord: west, south", Got: [2]float32{g.west, g.south}, Want: "±1e7 m"}
	}
	return nil
}
