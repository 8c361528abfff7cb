// SPDX-License-Identifier: Apache-2.0

// Package neural holds neural twins of blocks of the physical layer:
// architectures, training recipes, weights, and the types that satisfy the
// block's own interface over accel sessions.
//
// # LLRnet
//
// LLRnet learns soft demapping: O. Shental and J. Hoydis, "Machine LLRning:
// Learning to Softly Demodulate", IEEE Globecom Workshops, 2019. One small
// network for each modulation maps the in-phase and quadrature part of an
// unbiased symbol of unit mean energy to numbers that, divided by the noise
// variance of that symbol, are its log-likelihood ratios. The target is exact
// log-MAP. One hidden layer of ReLU units is enough: max-log is piecewise linear
// in the symbol, and exact log-MAP a smoothed form of it.
//
// The network does not see the noise, so it learns one function for all
// signal-to-noise ratios of the modulation's MCS range; [Recipe] says how they
// are weighted, and weights/README.md what error remains at each.
//
//	nets, err := neural.Open(ctx, neural.Config{Devices: []accel.Device{"ort/cpu", "ref"}})
//	demapper, err := nets.NewDemapper()
//	err = demapper.Configure(nr.QAM256)
//	err = demapper.Demap(llr, symbols, noiseVar)
//
// A [Demapper] is a modem.Demapper and passes its conformance suite. π/2-BPSK
// is refused: its two points lie on alternating diagonals, which a network
// without the symbol's index cannot tell apart, and max-log is exact for it.
package neural

//go:generate go run ./train -all -dir weights
