// SPDX-License-Identifier: Apache-2.0

// Package diagnose says why transmissions of a recording do not decode, as far as the
// samples tell, and which field of the metadata is likely to be wrong.
//
// [Look] goes by measurements alone. It asks of each transmission, in this order:
//
//  1. Is there power, on every antenna?
//  2. Do the pilots fit: has what stands at their place, over the sequence that the
//     grant announces, an order along the subcarriers? And in which symbols?
//  3. If they do: is the SINR enough for the MCS, and do the equalized symbols lie on
//     the points of the modulation?
//  4. If they do not: where in the band is the power, and does it look like OFDM of
//     this numerology, with symbols where they should begin?
//
// [Search] tries the neighbours of what the metadata say, one change at a time and up
// to three one upon the other: other slots, positions, types, ports and lengths of the
// DM-RS; I and Q exchanged; other sample formats and orders; phase compensation; a
// start that is off; other PRBs, symbols, MCS and redundancy versions. It names what
// makes pilots fit or CRCs hold. RNTIs and scrambling identities come from the
// recording itself and from lists of the caller; they are not enumerated.
//
// # No false alarms
//
// Over a wrong sequence, pilots have no order whatever was received, since the
// sequence is as random as noise: the test statistic is exponential with mean 1, so a
// chance can be stated. A transmission counts as fitting at e⁻¹⁴. What is too weak for
// its MCS, and a slot in which nobody transmits while others decode, are no mistakes
// of the metadata; nothing is said of fields then.
package diagnose
