// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// Precoder is the precoding matrix W, [port][layer].
//
// TS 38.211 §6.3.1.5.
type Precoder [nr.MaxLayers][nr.MaxLayers]complex64

// NewPrecoder returns W of a valid grant: the identity without codebook, where
// each layer is a port of unit power.
//
// TS 38.211 §6.3.1.5, tables 6.3.1.5-1 and -3 to -7 (transform precoding
// disabled).
func NewPrecoder(g *nr.Grant) (w Precoder) {
	if !g.Codebook || g.NumAntennaPorts == 1 {
		for i := range g.NumLayers {
			w[i][i] = 1
		}
		return w
	}
	m := codebook(g.NumAntennaPorts, g.NumLayers)[g.TPMI]
	scale := complex(float32(1/math.Sqrt(float64(m.norm))), 0)
	at := 0
	for p := range g.NumAntennaPorts {
		for l := range g.NumLayers {
			w[p][l] = scale * factor(m.rows[at])
			at++
		}
		at++ // the space between rows
	}
	return w
}

// matrix is an entry of a codebook: rows of 0, 1, - (−1), j and J (−j), one
// row per port, over the square root of norm.
type matrix struct {
	norm int
	rows string
}

func factor(c byte) complex64 {
	switch c {
	case '1':
		return 1
	case '-':
		return -1
	case 'j':
		return 1i
	case 'J':
		return -1i
	}
	return 0
}

// codebook returns the table for the number of ports, 2 or 4, and layers.
func codebook(ports, layers int) []matrix {
	if ports == 2 {
		return [...][]matrix{codebook21, codebook22}[layers-1]
	}
	return [...][]matrix{codebook41, codebook42, codebook43, codebook44}[layers-1]
}

// TS 38.211 table 6.3.1.5-1.
var codebook21 = []matrix{
	{2, "1 0"}, {2, "0 1"}, {2, "1 1"}, {2, "1 -"}, {2, "1 j"}, {2, "1 J"},
}

// TS 38.211 table 6.3.1.5-4.
var codebook22 = []matrix{
	{2, "10 01"}, {4, "11 1-"}, {4, "11 jJ"},
}

// TS 38.211 table 6.3.1.5-3.
var codebook41 = []matrix{
	{4, "1 0 0 0"}, {4, "0 1 0 0"}, {4, "0 0 1 0"}, {4, "0 0 0 1"},
	{4, "1 0 1 0"}, {4, "1 0 - 0"}, {4, "1 0 j 0"}, {4, "1 0 J 0"},
	{4, "0 1 0 1"}, {4, "0 1 0 -"}, {4, "0 1 0 j"}, {4, "0 1 0 J"},
	{4, "1 1 1 1"}, {4, "1 1 j j"}, {4, "1 1 - -"}, {4, "1 1 J J"},
	{4, "1 j 1 j"}, {4, "1 j j -"}, {4, "1 j - J"}, {4, "1 j J 1"},
	{4, "1 - 1 -"}, {4, "1 - j J"}, {4, "1 - - 1"}, {4, "1 - J j"},
	{4, "1 J 1 J"}, {4, "1 J j 1"}, {4, "1 J - j"}, {4, "1 J J -"},
}

// TS 38.211 table 6.3.1.5-5.
var codebook42 = []matrix{
	{4, "10 01 00 00"}, {4, "10 00 01 00"}, {4, "10 00 00 01"},
	{4, "00 10 01 00"}, {4, "00 10 00 01"}, {4, "00 00 10 01"},
	{4, "10 01 10 0J"}, {4, "10 01 10 0j"}, {4, "10 01 J0 01"}, {4, "10 01 J0 0-"},
	{4, "10 01 -0 0J"}, {4, "10 01 -0 0j"}, {4, "10 01 j0 01"}, {4, "10 01 j0 0-"},
	{8, "11 11 1- 1-"}, {8, "11 11 jJ jJ"}, {8, "11 jj 1- jJ"}, {8, "11 jj jJ -1"},
	{8, "11 -- 1- -1"}, {8, "11 -- jJ Jj"}, {8, "11 JJ 1- Jj"}, {8, "11 JJ jJ 1-"},
}

// TS 38.211 table 6.3.1.5-6.
var codebook43 = []matrix{
	{4, "100 010 001 000"}, {4, "100 010 100 001"}, {4, "100 010 -00 001"},
	{12, "111 1-1 11- 1--"}, {12, "111 1-1 jjJ jJJ"},
	{12, "111 -1- 11- -11"}, {12, "111 -1- jjJ Jjj"},
}

// TS 38.211 table 6.3.1.5-7.
var codebook44 = []matrix{
	{4, "1000 0100 0010 0001"},
	{8, "1100 0011 1-00 001-"}, {8, "1100 0011 jJ00 00jJ"},
	{16, "1111 1-1- 11-- 1--1"}, {16, "1111 1-1- jjJJ jJJj"},
}
