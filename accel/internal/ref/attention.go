// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"math"

	"github.com/neuroran/neuroran/accel/onnx"
)

// attention is scaled dot-product attention of one node.
//
// For each batch and query head: scores = Q·Kᵀ·scale, softly capped, plus the
// bias, then a softmax over the keys, then the product with the values. Query
// heads share the heads of keys and values in groups.
type attention struct {
	onnx.Heads
	q, k, v      func(b, h, row int) []float32 // row of the query, and of new keys and values
	pastK, pastV []float32
	y            func(b, h, row int) []float32
	keys, values []float32 // [batch, head, col, number], the past included
	scores       []float32 // [row, col] of one head
	wanted       []float32 // output of scores, nil when not asked for
	wantedAt     int64     // the stage that it shows
	mask         func(b, h, row, col int) float64
	lens         []int64 // valid keys of each batch, or nil
	scale, cap   float64
	causal       bool
	left, right  int
	presentK     []float32
	presentV     []float32
}

func buildAttention(st *step) (func(), error) {
	h, reason := onnx.HeadsOf(st.node.Node, st.values())
	if reason != "" {
		return nil, st.invalid("%s", reason)
	}
	for i, o := range st.in {
		if o != nil && i != 3 && i != 6 {
			if err := (&step{in: []*operand{o}}).floats(); err != nil {
				return nil, err
			}
		}
	}
	a := &attention{Heads: h, scale: float64(st.node.Float("scale", float32(1/math.Sqrt(float64(h.Key))))), cap: float64(st.node.Float("softcap", 0)),
		causal: st.node.Int("is_causal", 0) != 0, left: int(st.node.Int("left_window_size", -1)), right: int(st.node.Int("right_window_size", -1)),
		wantedAt: st.node.Int("qk_matmul_output_mode", 0)}
	fresh := h.Cols - h.Past
	a.q = headRows(st.in[0].f32(), h.Q, h.Rows, h.Key, h.Packed)
	a.k = headRows(st.in[1].f32(), h.KV, fresh, h.Key, h.Packed)
	a.v = headRows(st.in[2].f32(), h.KV, fresh, h.Value, h.Packed)
	a.y = headRows(st.out[0].f32(), h.Q, h.Rows, h.Value, h.Packed)
	a.keys, a.values = make([]float32, h.Batch*h.KV*h.Cols*h.Key), make([]float32, h.Batch*h.KV*h.Cols*h.Value)
	a.scores = make([]float32, h.Rows*h.Cols)
	if h.Past > 0 {
		a.pastK, a.pastV = st.in[4].f32(), st.in[5].f32()
	}
	if st.has(6) {
		a.lens = as[int64](st.in[6])
	}
	if st.wants(1) {
		a.presentK = st.out[1].f32()
	}
	if st.wants(2) {
		a.presentV = st.out[2].f32()
	}
	if st.wants(3) {
		a.wanted = st.out[3].f32()
	}
	var err error
	a.mask, err = maskOf(st, h)
	return a.run, err
}

// headRows returns the rows of heads that lie one after the other, or beside each
// other when packed.
func headRows(v []float32, heads, rows, width int, packed bool) func(b, h, row int) []float32 {
	return func(b, h, row int) []float32 {
		at := (b*heads+h)*rows + row
		if packed {
			at = (b*rows+row)*heads + h
		}
		return v[at*width:][:width]
	}
}

// maskOf returns what is added to the score of a query and a key: a bool mask
// forbids by −∞; keys behind the end of the mask are forbidden.
func maskOf(st *step, h onnx.Heads) (func(b, q, row, col int) float64, error) {
	if !st.has(3) {
		return func(int, int, int, int) float64 { return 0 }, nil
	}
	m := st.in[3]
	dims := [4]int{1, 1, 1, 1}
	if len(m.dims) > 4 || len(m.dims) < 1 {
		return nil, st.invalid("mask %v", m.dims)
	}
	copy(dims[4-len(m.dims):], m.dims)
	for i, want := range [3]int{h.Batch, h.Q, h.Rows} {
		if dims[i] != 1 && dims[i] != want {
			return nil, st.invalid("mask %v", m.dims)
		}
	}
	at := func(b, q, row, col int) int {
		off := 0
		for i, k := range [3]int{b, q, row} {
			off *= dims[i]
			if dims[i] > 1 {
				off += k
			}
		}
		if dims[3] == 1 && h.Cols != 1 {
			col = 0
		}
		return off*dims[3] + col
	}
	outside := func(col int) bool { return dims[3] > 1 && col >= dims[3] }
	if m.typ == onnx.Bool {
		v := as[uint8](m)
		return func(b, q, row, col int) float64 {
			if outside(col) || v[at(b, q, row, col)] == 0 {
				return math.Inf(-1)
			}
			return 0
		}, nil
	}
	if err := (&step{in: []*operand{m}}).floats(); err != nil {
		return nil, err
	}
	v := m.f32()
	return func(b, q, row, col int) float64 {
		if outside(col) {
			return math.Inf(-1)
		}
		return float64(v[at(b, q, row, col)])
	}, nil
}

func (a *attention) run() {
	a.gather()
	for b := range a.Batch {
		for q := range a.Q {
			head := b*a.KV + q/(a.Q/a.KV)
			keys, values := a.keys[head*a.Cols*a.Key:][:a.Cols*a.Key], a.values[head*a.Cols*a.Value:][:a.Cols*a.Value]
			for row := range a.Rows {
				a.row(b, q, row, keys, values)
			}
		}
	}
}

// gather puts the past and the new keys and values one after the other.
func (a *attention) gather() {
	join := func(dst, past []float32, fresh func(b, h, row int) []float32, width int) {
		for b := range a.Batch {
			for h := range a.KV {
				to := dst[(b*a.KV+h)*a.Cols*width:]
				if a.Past > 0 {
					copy(to[:a.Past*width], past[(b*a.KV+h)*a.Past*width:])
				}
				for row := range a.Cols - a.Past {
					copy(to[(a.Past+row)*width:], fresh(b, h, row))
				}
			}
		}
	}
	join(a.keys, a.pastK, a.k, a.Key)
	join(a.values, a.pastV, a.v, a.Value)
	copy(a.presentK, a.keys)
	copy(a.presentV, a.values)
}

// row computes one row of scores and of the output.
func (a *attention) row(b, q, row int, keys, values []float32) {
	query, scores := a.q(b, q, row), a.scores[row*a.Cols:][:a.Cols]
	for col := range scores {
		sum := 0.0
		for i, v := range keys[col*a.Key : (col+1)*a.Key] {
			sum += float64(query[i]) * float64(v)
		}
		scores[col] = float32(sum * a.scale)
	}
	show := func(stage int64) { // the output of scores keeps an earlier stage
		if a.wanted != nil && a.wantedAt == stage {
			copy(a.wanted[((b*a.Q+q)*a.Rows+row)*a.Cols:], scores)
		}
	}
	show(0)
	if a.cap > 0 {
		for col, v := range scores {
			scores[col] = float32(a.cap * math.Tanh(float64(v)/a.cap))
		}
	}
	show(1)
	for col, v := range scores {
		if !a.sees(b, row, col) {
			scores[col] = float32(math.Inf(-1))
			continue
		}
		scores[col] = v + float32(a.mask(b, q, row, col))
	}
	show(2)
	rowSoftmax(scores)
	show(3)
	out := a.y(b, q, row)
	for i := range out {
		sum := 0.0
		for col, p := range scores {
			if p != 0 {
				sum += float64(p) * float64(values[col*a.Value+i])
			}
		}
		out[i] = float32(sum)
	}
}

// sees reports whether a query may see a key: valid, not later when causal, and
// within the window around its place.
func (a *attention) sees(b, row, col int) bool {
	place := a.Past + row
	if a.lens != nil {
		if col >= int(a.lens[b]) {
			return false
		}
		place = int(a.lens[b]) - a.Rows + row
	}
	return !(a.causal && col > place || a.left >= 0 && col < place-a.left || a.right >= 0 && col > place+a.right)
}

// rowSoftmax normalizes a row; one where nothing may be seen becomes 0.
func rowSoftmax(v []float32) {
	peak := math.Inf(-1)
	for _, x := range v {
		peak = max(peak, float64(x))
	}
	if math.IsInf(peak, -1) {
		clear(v)
		return
	}
	sum := 0.0
	for _, x := range v {
		sum += math.Exp(float64(x) - peak)
	}
	for i, x := range v {
		v[i] = float32(math.Exp(float64(x)-peak) / sum)
	}
}

// buildRotary turns pairs of numbers by the angles of a token's place.
func buildRotary(st *step) (func(), error) {
	for i, o := range st.in {
		if i < 3 {
			if err := (&step{in: []*operand{o}}).floats(); err != nil {
				return nil, err
			}
		}
	}
	x := st.in[0].dims
	packed := len(x) == 3
	var batch, heads, rows, width int
	switch {
	case packed:
		batch, rows, heads = x[0], x[1], int(st.node.Int("num_heads", 0))
		if heads < 1 || x[2]%heads != 0 {
			return nil, st.invalid("%d heads of %v", heads, x)
		}
		width = x[2] / heads
	case len(x) == 4:
		batch, heads, rows, width = x[0], x[1], x[2], x[3]
	default:
		return nil, st.invalid("rank %d, want 3 or 4", len(x))
	}
	turned := int(st.node.Int("rotary_embedding_dim", 0))
	if turned == 0 {
		turned = width
	}
	half := turned / 2
	cos, sin := st.in[1], st.in[2]
	if turned < 0 || turned > width || turned%2 != 0 || cos.dims[len(cos.dims)-1] != half || sin.n != cos.n {
		return nil, st.invalid("%d turned numbers of %d, angles %v", turned, width, cos.dims)
	}
	angle := func(b, row int) int { return (b*rows + row) * half }
	if st.has(3) {
		places, err := indexAt(st.in[3])
		if err != nil {
			return nil, err
		}
		if st.in[3].n != batch*rows {
			return nil, st.invalid("places %v, want [%d %d]", st.in[3].dims, batch, rows)
		}
		angle = func(b, row int) int { return int(min(max(places(b*rows+row), 0), int64(cos.n/half-1))) * half }
	} else if cos.n != batch*rows*half {
		return nil, st.invalid("angles %v, want [%d %d %d]", cos.dims, batch, rows, half)
	}
	src, dst := headRows(st.in[0].f32(), heads, rows, width, packed), headRows(st.out[0].f32(), heads, rows, width, packed)
	c, s, interleaved := cos.f32(), sin.f32(), st.node.Int("interleaved", 0) != 0
	return func() {
		for b := range batch {
			for row := range rows {
				at := angle(b, row)
				for h := range heads {
					rotate(dst(b, h, row), src(b, h, row), c[at:at+half], s[at:at+half], interleaved)
				}
			}
		}
	}, nil
}

func rotate(dst, src, cos, sin []float32, interleaved bool) {
	copy(dst, src)
	for i := range cos {
		j, k := i, i+len(cos)
		if interleaved {
			j, k = 2*i, 2*i+1
		}
		dst[j] = cos[i]*src[j] - sin[i]*src[k]
		dst[k] = sin[i]*src[j] + cos[i]*src[k]
	}
}
