// SPDX-License-Identifier: Apache-2.0

package ref

import "math"

// loss is the negative logarithm of the probability of each class index, weighted
// and reduced.
type loss struct {
	x, out, logs  []float32 // scores [batch, class, place]; logs: nil when not asked for
	weights       []float32 // of each class, or nil
	label         func(i int) int64
	classes, size int
	n             int // labels
	softmax       bool
	ignore        int64
	ignores       bool
	mode          string
	scratch       []float64
	st            *step
}

// buildLoss makes NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss.
func buildLoss(st *step) (func(), error) {
	for i, o := range st.in {
		if i != 1 && o != nil {
			if err := (&step{in: []*operand{o}}).floats(); err != nil {
				return nil, err
			}
		}
	}
	label, err := indexAt(st.in[1])
	if err != nil {
		return nil, err
	}
	dims := st.in[0].dims
	l := &loss{x: st.in[0].f32(), out: st.out[0].f32(), label: label, classes: dims[1], size: count(dims[2:]), n: st.in[1].n,
		softmax: st.node.OpType == "SoftmaxCrossEntropyLoss", ignores: st.node.Attr("ignore_index") != nil,
		ignore: st.node.Int("ignore_index", 0), mode: st.node.Str("reduction", "mean"), scratch: make([]float64, dims[1]), st: st}
	if st.has(2) {
		l.weights = st.in[2].f32()
	}
	if st.wants(1) {
		l.logs = st.out[1].f32()
	}
	return l.run, nil
}

func (l *loss) run() {
	sum, total := 0.0, 0.0
	for i := range l.n {
		at := i/l.size*l.classes*l.size + i%l.size
		l.logarithms(at)
		value, weight := 0.0, 0.0
		if k := l.label(i); !l.ignores || k != l.ignore {
			if k < 0 || k >= int64(l.classes) {
				l.st.failf("label %d of %d classes", k, l.classes)
				return
			}
			if weight = 1; l.weights != nil {
				weight = float64(l.weights[k])
			}
			value = -l.scratch[k] * weight
		}
		if l.mode == "none" {
			l.out[i] = float32(value)
			continue
		}
		sum, total = sum+value, total+weight
	}
	switch l.mode {
	case "mean":
		l.out[0] = float32(sum / total)
	case "sum":
		l.out[0] = float32(sum)
	}
}

// logarithms fills scratch with the logarithms of the probabilities at a place.
func (l *loss) logarithms(at int) {
	peak := math.Inf(-1)
	for c := range l.scratch {
		l.scratch[c] = float64(l.x[at+c*l.size])
		peak = max(peak, l.scratch[c])
	}
	if !l.softmax {
		return
	}
	sum := 0.0
	for _, v := range l.scratch {
		sum += math.Exp(v - peak)
	}
	for c := range l.scratch {
		l.scratch[c] -= peak + math.Log(sum)
		if l.logs != nil {
			l.logs[at+c*l.size] = float32(l.scratch[c])
		}
	}
}
