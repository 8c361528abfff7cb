// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
)

// suppression is non-maximum suppression: of boxes that overlap too much, only the
// one of the highest score stays.
type suppression struct {
	boxes, scores     []float32 // [batch, box, 4] and [batch, class, box]
	batch, classes, n int
	most              int
	overlap, least    float32
	bounded, corners  bool
}

func suppressionOf(boxes, scores, most, overlap, least *operand, centre bool) suppression {
	s := suppression{boxes: boxes.f32(), scores: scores.f32(), batch: boxes.dims[0], n: boxes.dims[1], classes: scores.dims[1], corners: !centre}
	if most != nil && most.n > 0 {
		s.most = int(min(max(as[int64](most)[0], 0), int64(s.n)))
	}
	if overlap != nil && overlap.n > 0 {
		s.overlap = overlap.f32()[0]
	}
	if least != nil && least.n > 0 {
		s.least, s.bounded = least.f32()[0], true
	}
	return s
}

// pick appends the rows (batch, class, box) that stay.
func (s suppression) pick(rows []int64) []int64 {
	order := make([]int, 0, s.n)
	for b := range s.batch {
		for c := range s.classes {
			score := s.scores[(b*s.classes+c)*s.n:][:s.n]
			order = order[:0]
			for i, v := range score {
				if !s.bounded || v > s.least {
					order = append(order, i)
				}
			}
			slices.SortStableFunc(order, func(i, j int) int {
				switch {
				case score[i] > score[j]:
					return -1
				case score[i] < score[j]:
					return 1
				}
				return 0
			})
			first := len(rows)
			for _, i := range order {
				if (len(rows)-first)/3 >= s.most {
					break
				}
				if !s.covered(b, i, rows[first:]) {
					rows = append(rows, int64(b), int64(c), int64(i))
				}
			}
		}
	}
	return rows
}

// covered reports whether a box overlaps one of the rows too much.
func (s suppression) covered(b, i int, rows []int64) bool {
	for k := 2; k < len(rows); k += 3 {
		if s.ratio(s.box(b, i), s.box(b, int(rows[k]))) > s.overlap {
			return true
		}
	}
	return false
}

// box returns the low and high corners of a box.
func (s suppression) box(b, i int) [4]float32 {
	v := s.boxes[(b*s.n+i)*4:][:4]
	if !s.corners { // centre, width, height
		return [4]float32{v[0] - v[2]/2, v[1] - v[3]/2, v[0] + v[2]/2, v[1] + v[3]/2}
	}
	return [4]float32{min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3])}
}

// ratio is the area of the intersection over that of the union.
func (s suppression) ratio(a, b [4]float32) float32 {
	w, h := min(a[2], b[2])-max(a[0], b[0]), min(a[3], b[3])-max(a[1], b[1])
	if w <= 0 || h <= 0 {
		return 0
	}
	union := (a[2]-a[0])*(a[3]-a[1]) + (b[2]-b[0])*(b[3]-b[1]) - w*h
	if union <= 0 {
		return 0
	}
	return w * h / union
}

func suppressionInputs(st *step, get func(int) *operand) suppression {
	var in [5]*operand
	for i := range in {
		if st.has(i) {
			in[i] = get(i)
		}
	}
	return suppressionOf(in[0], in[1], in[2], in[3], in[4], st.node.Int("center_point_box", 0) != 0)
}

func checkSuppression(st *step) error {
	want := []onnx.DataType{onnx.Float32, onnx.Float32, onnx.Int64, onnx.Float32, onnx.Float32}
	for i, o := range st.in {
		if o != nil && o.typ != want[i] {
			return st.invalid("input %d is %v, want %v", i, o.typ, want[i])
		}
	}
	return nil
}

func measureSuppression(st *step, out []onnx.Value) error {
	if err := checkSuppression(st); err != nil {
		return err
	}
	out[0].Dims = []int{len(suppressionInputs(st, st.seen).pick(nil)) / 3, 3}
	return nil
}

func buildSuppression(st *step) (func(), error) {
	if err := checkSuppression(st); err != nil {
		return nil, err
	}
	dst := as[int64](st.out[0])
	return func() {
		copy(dst, suppressionInputs(st, func(i int) *operand { return st.in[i] }).pick(make([]int64, 0, len(dst))))
	}, nil
}
