// SPDX-License-Identifier: Apache-2.0

package equalizer

import "github.com/neuroran/neuroran/phy/nr"

// Equalizer separates the layers of all UEs of a PRB group. Implementations are
// [LMMSE] and [ZF]; package equalizertest states what all of them promise. An
// Equalizer is for one goroutine at a time.
type Equalizer interface {
	// Equalize detects the data symbols of all UEs of the group of ch. They are
	// unbiased.
	//
	//   - dst: one entry for each UE of the group; Slot, RNTI and Quality are
	//     set (by [nr.Channel.Quality] and [nr.Quality.SetSINR]), Z and NoiseVar are resized to [data RE, layer of the UE] and
	//     written in codeword order
	//   - data: [rx, Group.NumSymbols, 12·Group.NumPRB], from Group.StartSymbol
	//   - ch: the channel estimate of the same group; all its fields are read
	//
	// It returns a [*nr.ShapeError] if dimensions disagree. It allocates only
	// when a tensor of dst has to grow.
	//
	// TS 38.211 §6.3.1.3 and §6.3.1.6 (inverse of the mappings).
	Equalize(dst []nr.Symbols, data nr.View, ch *nr.Channel) error
}

// Limits bounds what one equalizer can be given; its constructor allocates for it.
type Limits = nr.GroupLimits

// DefaultLimits allows everything that the messages allow.
func DefaultLimits() Limits { return nr.DefaultGroupLimits() }

// New returns the named model-driven equalizer, "lmmse" or "zf". It returns a
// [*nr.FieldError] for another name or a limit out of range.
func New(name string, lim Limits) (Equalizer, error) {
	switch name {
	case "lmmse":
		return NewLMMSE(lim)
	case "zf":
		return NewZF(lim)
	}
	return nil, &nr.FieldError{Field: "equalizer", Got: name, Want: "lmmse or zf"}
}

// LMMSE is the linear minimum mean squared error detector, unbiased. Use
// [NewLMMSE].
//
// Interference is rejected as in J. H. Winters, "Optimum Combining in Digital Mobile
// Radio with Cochannel Interference", IEEE JSAC 2, 1984.
type LMMSE struct{ impl linear }

// NewLMMSE returns an LMMSE detector with memory for the given limits. It returns
// a [*nr.FieldError] for a limit out of range.
func NewLMMSE(lim Limits) (*LMMSE, error) {
	impl, err := newLinear(lim, false)
	return &LMMSE{impl}, err
}

// Equalize implements [Equalizer].
func (e *LMMSE) Equalize(dst []nr.Symbols, data nr.View, ch *nr.Channel) error {
	return e.impl.equalize(dst, data, ch)
}

// ZF is the zero forcing detector. Use [NewZF].
//
// S. Verdú, "Multiuser Detection", 1998, chapter 5: the decorrelating detector.
type ZF struct{ impl linear }

// NewZF returns a zero forcing detector with memory for the given limits. It
// returns a [*nr.FieldError] for a limit out of range.
func NewZF(lim Limits) (*ZF, error) {
	impl, err := newLinear(lim, true)
	return &ZF{impl}, err
}

// Equalize implements [Equalizer].
func (e *ZF) Equalize(dst []nr.Symbols, data nr.View, ch *nr.Channel) error {
	return e.impl.equalize(dst, data, ch)
}
