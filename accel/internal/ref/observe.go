// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"bytes"
	"errors"

	"github.com/neuroran/neuroran/accel/onnx"
)

// errBlind says that a plan without data needs the elements of a value.
var errBlind = errors.New("ref: lengths depend on the elements of an input")

// guard keeps a plan honest that was made for certain elements of a value: after
// the value is computed in a Run, it must still hold them.
type guard struct {
	value *operand
	saw   []byte
}

// observe returns the elements of a value that lengths or the choice of a graph
// depend on. What is not constant is computed now, from what the inputs hold, and
// guarded.
func (p *plan) observe(o *operand) (*onnx.Tensor, error) {
	if o.tens != nil {
		return o.tens, nil
	}
	if o.saw == nil {
		if p.blind {
			return nil, errBlind
		}
		if err := p.evaluate(o); err != nil {
			return nil, err
		}
		o.saw = &onnx.Tensor{Name: o.name, Type: o.typ, Dims: o.dims, Raw: bytes.Clone(o.bytes())}
		p.guards = append(p.guards, guard{value: o, saw: o.saw.Raw})
	}
	return o.saw, nil
}

// evaluate computes a value in memory of its own, with all that it depends on.
func (p *plan) evaluate(o *operand) error {
	r := p.rootOf(o)
	if r.mem == nil {
		st := r.by
		for _, in := range st.in {
			if in != nil {
				if err := p.evaluate(in); err != nil {
					return err
				}
			}
		}
		for _, out := range st.out {
			if out.mem != nil {
				continue
			}
			if err := p.give(out); err != nil {
				return err
			}
			p.lent = append(p.lent, out)
		}
		if err := st.run(); err != nil {
			return err
		}
	}
	if o != r && o.mem == nil {
		o.mem = r.mem
		p.lent = append(p.lent, o)
	}
	return nil
}

// takeBack takes the memory that evaluate gave, so that the layout can give
// other.
func (p *plan) takeBack() {
	for _, o := range p.lent {
		o.mem = nil
	}
	p.lent = nil
}

// closure compares the value with what the plan saw.
func (g guard) closure(f *fault) func() {
	now := g.value.bytes()
	return func() {
		if !bytes.Equal(now, g.saw) {
			f.err = errMoved
		}
	}
}
