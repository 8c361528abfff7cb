// SPDX-License-Identifier: Apache-2.0

// Package resample changes the sample rate of complex baseband by any ratio of
// two rates, exactly where the ratio in lowest terms allows it.
//
// A [Resampler] is a bank of FIR filters, one for each position that an output can
// have between two inputs: a windowed sinc of linear phase, with the centre at the
// position, so that there is no delay. Output n stands at the time of input
// n·From/To.
//
//	input   |      |      |      |      |      |      |      rate From
//	taps      <----------- H ----|--- H ------------>
//	output  |         |         |o        |         |        rate To
//
// The filter keeps what lies within ±PassHz, takes away what would fold into it
// from beyond StopHz, and leaves what is between to neither. By default the pass
// band is 0.8 of the lower rate, and the stop band begins where an alias of the
// pass band would: at the lower rate less PassHz. The Kaiser window makes ripple
// and attenuation equal: with the default of 80 dB the gain in the pass band is
// within ±0.001 dB of 1.
//
// The processing keeps nothing between calls: any stretch of the output can be
// computed from the stretch of the input that [Resampler.Inputs] names, and every
// way to cut the output gives the same bits.
package resample
