// SPDX-License-Identifier: Apache-2.0

package coord

import (
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// Sample is a place and the SINR that was reported of a UE there.
type Sample struct {
	X, Y   float64 // m
	SINRdB float32 // mean over the carrier, dB
}

// Config says how a map is learned. It is passed by value.
type Config struct {
	West, South   float64 // of the south-western corner, m
	Width, Height float64 // of the area, m
	Columns, Rows int     // points of the grid, at most [MaxPoints] together; 0 stands for 31
	Smoothness    float64 // by how many samples a point follows each of its neighbours; 0 stands for 1
}

// validate reports the first field out of range, and returns the grid.
func (c *Config) validate() (grid, error) {
	if c.Columns == 0 {
		c.Columns = 31
	}
	if c.Rows == 0 {
		c.Rows = 31
	}
	if c.Smoothness == 0 {
		c.Smoothness = 1
	}
	spacing := max(c.Width/float64(max(c.Columns-1, 1)), c.Height/float64(max(c.Rows-1, 1)))
	g := grid{float32(c.West), float32(c.South), float32(spacing), c.Columns, c.Rows}
	if !(c.Smoothness > 0 && c.Smoothness <= 1e6) {
		return g, &nr.FieldError{Field: "coord: smoothness", Got: c.Smoothness, Want: "above 0, at most 1e6"}
	}
	return g, g.validate()
}

// Train learns a map: the one whose values at the samples' places differ least from the
// samples, in the sense of least squares, where each difference between neighbouring points
// counts too, so that points without samples follow those around. The problem is convex; it
// is solved by Gauss-Seidel sweeps until nothing moves by more than a hundredth of a dB. Values
// are then rounded to 256 levels. The same samples give the same map.
//
// It returns a [*nr.FieldError] for a configuration out of range, and for samples that are no
// numbers or none.
func Train(cfg Config, samples []Sample) (*Map, error) {
	g, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	if len(samples) == 0 {
		return nil, &nr.FieldError{Field: "coord: samples", Got: 0, Want: "at least one"}
	}
	p := newProblem(g, cfg.Smoothness)
	for i := range samples {
		s := &samples[i]
		if v := float64(s.SINRdB); !(math.Abs(s.X) <= 1e9 && math.Abs(s.Y) <= 1e9 && math.Abs(v) < 100) {
			return nil, &nr.FieldError{Field: "coord: sample", Got: *s, Want: "metres and dB"}
		}
		p.add(s)
	}
	p.solve()
	return p.quantize(), nil
}

// problem is the system of normal equations of a map: A·values = b, where a row of A has at
// most nine entries, those of a point and the points around.
type problem struct {
	grid   grid
	a      [][9]float64
	b      []float64
	values []float64
}

// newProblem returns the equations of a map without samples.
func newProblem(g grid, smoothness float64) *problem {
	n := g.columns * g.rows
	p := &problem{grid: g, a: make([][9]float64, n), b: make([]float64, n), values: make([]float64, n)}
	for i := range n {
		row, column := i/g.columns, i%g.columns
		for _, d := range [...][2]int{{-1, 0}, {1, 0}, {0, -1}, {0, 1}} {
			if r, c := row+d[0], column+d[1]; r >= 0 && r < g.rows && c >= 0 && c < g.columns {
				p.a[i][4] += smoothness
				p.a[i][4+3*d[0]+d[1]] -= smoothness
			}
		}
	}
	return p
}

// add adds a sample.
func (p *problem) add(s *Sample) {
	c, r, east, north := p.grid.corner(s.X, s.Y)
	e, n := float64(east), float64(north)
	weights := [2][2]float64{{(1 - n) * (1 - e), (1 - n) * e}, {n * (1 - e), n * e}}
	for i := range 4 {
		wi := weights[i/2][i%2]
		if wi == 0 {
			continue
		}
		at := (r+i/2)*p.grid.columns + c + i%2
		p.b[at] += wi * float64(s.SINRdB)
		for k := range 4 {
			p.a[at][4+3*(k/2-i/2)+k%2-i%2] += wi * weights[k/2][k%2]
		}
	}
}

// solve sweeps over the points, each time giving a point the value that its equation asks for.
func (p *problem) solve() {
	const enough, mostSweeps = 0.01, 5000
	mean, count := 0.0, 0.0
	for i := range p.b {
		mean, count = mean+p.b[i], count+p.rowSum(i)
	}
	for i := range p.values {
		p.values[i] = mean / count
	}
	for range mostSweeps {
		moved := 0.0
		for i := range p.values {
			if p.a[i][4] == 0 {
				continue // a single point without a sample
			}
			x := (p.b[i] - p.around(i)) / p.a[i][4]
			moved = max(moved, math.Abs(x-p.values[i]))
			p.values[i] = x
		}
		if moved < enough {
			return
		}
	}
}

// rowSum returns the sum of a row of A: the samples' part in a point.
func (p *problem) rowSum(i int) float64 {
	sum := 0.0
	for _, x := range p.a[i] {
		sum += x
	}
	return sum
}

// around returns what the points around point i contribute to its equation.
func (p *problem) around(i int) float64 {
	sum := 0.0
	for k, x := range p.a[i] {
		if x != 0 && k != 4 {
			sum += x * p.values[i+(k/3-1)*p.grid.columns+k%3-1]
		}
	}
	return sum
}

// quantize rounds the values to levels.
func (p *problem) quantize() *Map {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range p.values {
		low, high = min(low, v), max(high, v)
	}
	m := &Map{grid: p.grid, lowDB: float32(low), stepDB: float32((high - low) / 255), levels: make([]uint8, len(p.values))}
	for i, v := range p.values {
		if m.stepDB > 0 {
			m.levels[i] = uint8(min(max(math.Round((v-low)/float64(m.stepDB)), 0), 255))
		}
	}
	return m
}
