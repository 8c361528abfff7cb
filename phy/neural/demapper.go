// SPDX-License-Identifier: Apache-2.0

package neural

import (
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/internal/simd/f32"
	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
)

// Symbols run in blocks of these lengths, each bound once: the large one while
// it fits, the small one for the rest.
const (
	largeBlock = 1024
	smallBlock = 128
)

// Demapper is LLRnet as a [modem.Demapper]. It is for one goroutine at a time;
// demappers of the same [Networks] run side by side.
//
// O. Shental and J. Hoydis, "Machine LLRning: Learning to Softly Demodulate", 2019.
type Demapper struct {
	in    []complex64
	out   []float32
	nets  [nr.QAM256 + 1]blocks // by modulation
	bits  int                   // soft bits of a symbol, 0 before Configure
	large *accel.Binding
	small *accel.Binding
}

var _ modem.Demapper = (*Demapper)(nil)

// blocks is the bindings of one network.
type blocks struct {
	large, small *accel.Binding
}

// NewDemapper binds every network to memory of its own.
func (n *Networks) NewDemapper() (*Demapper, error) {
	d := &Demapper{in: make([]complex64, largeBlock), out: make([]float32, largeBlock*nr.QAM256.BitsPerSymbol())}
	for _, m := range modulations {
		large, err1 := d.bind(n.sessions[m], m, largeBlock)
		small, err2 := d.bind(n.sessions[m], m, smallBlock)
		d.nets[m] = blocks{large, small}
		if err := errors.Join(err1, err2); err != nil {
			return nil, errors.Join(fmt.Errorf("neural: demapper: %w", err), d.Close())
		}
	}
	return d, nil
}

func (d *Demapper) bind(s *accel.Session, m nr.Modulation, n int) (*accel.Binding, error) {
	qm := m.BitsPerSymbol()
	return s.Bind([]accel.Buffer{accel.From(d.in[:n], n)}, []accel.Buffer{accel.From(d.out[:n*qm], n, qm)})
}

// Configure implements [modem.Demapper]; π/2-BPSK is a [*nr.UnsupportedError].
func (d *Demapper) Configure(m nr.Modulation) error {
	if err := checkModulation(m); err != nil {
		return err
	}
	d.bits, d.large, d.small = m.BitsPerSymbol(), d.nets[m].large, d.nets[m].small
	return nil
}

// Demap implements [modem.Demapper]. Beyond its errors it returns those of the
// device, such as [accel.ErrClosed].
func (d *Demapper) Demap(dst []int8, sym []complex64, noiseVar []float32) error {
	if err := modem.CheckLengths("neural: demap", len(dst), len(sym), len(noiseVar), d.bits); err != nil {
		return err
	}
	for len(sym) > 0 {
		out, n, err := d.run(sym)
		if err != nil {
			return err
		}
		f32.QuantizeRows(dst[:len(out)], out, noiseVar[:n], nr.LLRScale, modem.MinNoise, nr.MaxLLR)
		dst, sym, noiseVar = dst[len(out):], sym[n:], noiseVar[n:]
	}
	return nil
}

// DemapFloat implements [modem.Demapper].
func (d *Demapper) DemapFloat(dst []float32, sym []complex64, noiseVar []float32) error {
	if err := modem.CheckLengths("neural: demap float", len(dst), len(sym), len(noiseVar), d.bits); err != nil {
		return err
	}
	for len(sym) > 0 {
		out, n, err := d.run(sym)
		if err != nil {
			return err
		}
		for i, v := range noiseVar[:n] {
			w := modem.Inverse(v)
			for k, x := range out[i*d.bits : (i+1)*d.bits] {
				dst[i*d.bits+k] = x * w
			}
		}
		dst, sym, noiseVar = dst[len(out):], sym[n:], noiseVar[n:]
	}
	return nil
}

// run puts the next block through the network and returns its outputs, which
// are soft bits times noise variance, and the number of its symbols.
func (d *Demapper) run(sym []complex64) ([]float32, int, error) {
	block, size := d.large, largeBlock
	if len(sym) < largeBlock {
		block, size = d.small, smallBlock
	}
	n := copy(d.in[:size], sym)
	clear(d.in[n:size])
	if err := block.Run(); err != nil {
		return nil, 0, fmt.Errorf("neural: demap: %w", err)
	}
	return d.out[:n*d.bits], n, nil
}

// Close releases the bindings; the networks stay open. Closing again does
// nothing.
func (d *Demapper) Close() error {
	var errs []error
	for _, b := range d.nets {
		for _, binding := range []*accel.Binding{b.large, b.small} {
			if binding != nil {
				errs = append(errs, binding.Close())
			}
		}
	}
	return errors.Join(errs...)
}
