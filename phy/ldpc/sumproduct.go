// SPDX-License-Identifier: Apache-2.0

package ldpc

import "math"

// maxDegree is the largest number of edges in a row.
const maxDegree = 19

// checkNode is the scratch of one row of belief propagation, z checks side by
// side.
//
// The magnitude x of an LLR is kept as its doubt 1 − tanh(x/2) = 2/(1+eˣ): 1
// knows nothing, 0 is certain. The tanh rule multiplies the tanh's, so doubts a
// and b become a + b·(1−a): no differences, so single precision keeps the
// relative error of the smallest doubt. Products from the left and from the right
// give each edge what all the others know.
type checkNode struct {
	z      int
	known  []float32 // [maxDegree·z] what the columns know without this row
	doubt  []float32 // [maxDegree·z] the same as doubts
	others []float32 // [maxDegree·z] doubt of the edges on the left
	sum    []float32 // [z] doubt of all edges passed so far
	sign   []uint32  // [z] top bit: product of the signs of all edges
}

func newCheckNode(maxZ int) checkNode {
	return checkNode{
		known:  make([]float32, maxDegree*maxZ),
		doubt:  make([]float32, maxDegree*maxZ),
		others: make([]float32, maxDegree*maxZ),
		sum:    make([]float32, maxZ),
		sign:   make([]uint32, maxZ),
	}
}

// begin starts a row of z checks.
func (n *checkNode) begin(z int) {
	n.z = z
	clear(n.sum[:z])
	clear(n.sign[:z])
}

// in takes the beliefs of edge e, rotated by shift, without its old messages.
func (n *checkNode) in(e int, column, messages []float32, shift int) {
	known := n.known[e*n.z:][:n.z]
	subtract(known[:n.z-shift], column[shift:], messages)
	subtract(known[n.z-shift:], column[:shift], messages[n.z-shift:])
	doubts, others := n.doubt[e*n.z:][:len(known)], n.others[e*n.z:][:len(known)]
	sum, sign := n.sum[:len(known)], n.sign[:len(known)]
	for i, v := range known {
		d, s := doubt(v), sum[i]
		doubts[i], others[i], sum[i] = d, s, s+d*(1-s)
		sign[i] ^= math.Float32bits(v)
	}
}

// turn ends the way in.
func (n *checkNode) turn() { clear(n.sum[:n.z]) }

// out replaces the messages of edge e and their part in the column's beliefs.
// Edges leave from the last to the first.
func (n *checkNode) out(e int, column, messages []float32, shift int) {
	known := n.known[e*n.z:][:n.z]
	doubts, others := n.doubt[e*n.z:][:len(known)], n.others[e*n.z:][:len(known)]
	sum, sign := n.sum[:len(known)], n.sign[:len(known)]
	messages = messages[:len(known)]
	for i, v := range known {
		left, s := others[i], sum[i]
		negative := (sign[i] ^ math.Float32bits(v)) & (1 << 31)
		m := math.Float32frombits(math.Float32bits(belief(left+s*(1-left))) ^ negative)
		sum[i] = s + doubts[i]*(1-s)
		known[i] = m - messages[i] // the change
		messages[i] = m
	}
	add(column[shift:], known[:n.z-shift])
	add(column[:shift], known[n.z-shift:])
}

// subtract sets dst[i] to a[i] − b[i].
func subtract(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

// add adds src to dst.
func add(dst, src []float32) {
	dst = dst[:len(src)]
	for i, x := range src {
		dst[i] += x
	}
}

// line is a piece of a function between two arguments: its value at the lower
// one and its rise to the upper one.
type line struct{ at, rise float32 }

const (
	doubtSteps = 64   // pieces of doubt to an LLR of 1
	doubtTop   = 2047 // last piece: LLRs end at 32, where the doubt is 3e-14
	logPieces  = 256  // pieces of ln from 1 to 2
)

var (
	doubtLines = makeLines[[doubtTop + 1]line](func(i float64) float64 { return 2 / (1 + math.Exp(i/doubtSteps)) })
	logLines   = makeLines[[logPieces]line](func(i float64) float64 { return math.Log1p(i / logPieces) })
)

func makeLines[T [doubtTop + 1]line | [logPieces]line](f func(float64) float64) *T {
	var t T
	for i := range len(t) {
		t[i] = line{float32(f(float64(i))), float32(f(float64(i+1)) - f(float64(i)))}
	}
	return &t
}

// doubt returns 2/(1+e^|v|), with a relative error below 4e-5, |v| up to 32.
func doubt(v float32) float32 {
	x := min(abs32(v)*doubtSteps, doubtTop)
	i := uint32(int32(x))
	l := &doubtLines[i&doubtTop]
	return l.at + l.rise*(x-float32(int32(i)))
}

// belief returns ln((2−d)/d), the LLR with doubt d, within 4e-6.
func belief(d float32) float32 {
	bits := math.Float32bits((2 - d) / d)
	const fractionBits, ln2 = 23, math.Ln2
	l := &logLines[bits>>(fractionBits-8)&(logPieces-1)]
	rest := float32(bits&(1<<(fractionBits-8)-1)) * (1.0 / (1 << (fractionBits - 8)))
	return float32(int32(bits>>fractionBits)-127)*ln2 + l.at + l.rise*rest
}

func abs32(x float32) float32 {
	return math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
}
