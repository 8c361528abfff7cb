// SPDX-License-Identifier: Apache-2.0

package acceltest

import (
	"fmt"
	"math/rand/v2"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
)

// Ports is memory for the inputs and outputs of a model, which a program binds
// that runs a model that it does not know.
type Ports struct {
	Inputs  []accel.Buffer // seeded: normal numbers, or integers from 0 to 2
	Outputs []accel.Buffer // zero
	read    []func() []float64
}

// NewPorts makes memory for the ports of a model, open lengths being batch. It
// returns an error that names the first port whose element type it cannot make.
func NewPorts(m *accel.Model, batch int, seed uint64) (*Ports, error) {
	p, rng := &Ports{}, rand.New(rand.NewPCG(seed, 99))
	for _, port := range m.Signature().Inputs {
		b, _, err := memory(port, batch, rng)
		if err != nil {
			return nil, err
		}
		p.Inputs = append(p.Inputs, b)
	}
	for _, port := range m.Signature().Outputs {
		b, read, err := memory(port, batch, nil)
		if err != nil {
			return nil, err
		}
		p.Outputs, p.read = append(p.Outputs, b), append(p.read, read)
	}
	return p, nil
}

// Values returns what the outputs hold, each as numbers of double precision.
func (p *Ports) Values() [][]float64 {
	values := make([][]float64, len(p.read))
	for i, read := range p.read {
		values[i] = read()
	}
	return values
}

// memory makes the memory of one port, with numbers where rng is given, and a
// function that reads it.
func memory(p accel.Port, batch int, rng *rand.Rand) (accel.Buffer, func() []float64, error) {
	n, dims := 1, make([]int, len(p.Dims))
	for i, d := range p.Dims {
		if d < 0 {
			d = batch
		}
		n, dims[i] = n*d, d
	}
	float := func() float64 { return rng.NormFloat64() }
	small := func() float64 { return float64(rng.IntN(3)) }
	switch p.Type {
	case onnx.Float32:
		return fill[float32](n, dims, rng, float)
	case onnx.Float64:
		return fill[float64](n, dims, rng, float)
	case onnx.Int64:
		return fill[int64](n, dims, rng, small)
	case onnx.Int32:
		return fill[int32](n, dims, rng, small)
	case onnx.Int8:
		return fill[int8](n, dims, rng, small)
	case onnx.Uint8:
		return fill[uint8](n, dims, rng, small)
	}
	return accel.Buffer{}, nil, fmt.Errorf("acceltest: port %v: no numbers of this type", p)
}

func fill[T int8 | uint8 | int32 | int64 | float32 | float64](n int, dims []int, rng *rand.Rand, next func() float64) (accel.Buffer, func() []float64, error) {
	v := make([]T, n)
	for i := range v {
		if rng != nil {
			v[i] = T(next())
		}
	}
	read := func() []float64 {
		wide := make([]float64, n)
		for i, x := range v {
			wide[i] = float64(x)
		}
		return wide
	}
	return accel.From(v, dims...), read, nil
}

// RunOnce binds a session to seeded inputs, runs it, and returns the outputs.
func RunOnce(s *accel.Session, batch int, seed uint64) ([][]float64, error) {
	p, err := NewPorts(s.Model(), batch, seed)
	if err != nil {
		return nil, err
	}
	b, err := s.Bind(p.Inputs, p.Outputs)
	if err != nil {
		return nil, err
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	return p.Values(), b.Close()
}
