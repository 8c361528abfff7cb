// SPDX-License-Identifier: Apache-2.0

// Package dtx tells whether the UEs of a PRB group transmit at all. A UE that
// missed its grant sends nothing (DTX), and neither CRC nor offsets say so.
//
// [Detector] looks at the pilots of each UE by itself. Over its reference sequence
// the channel of a UE varies slowly along the subcarriers, since its delays lie
// within about a cyclic prefix; noise, an interferer or another sequence varies
// without order. The share of the energy that lies within the window of delays is
// compared with what disorder gives:
//
//	x = vᴴ·A·v / vᴴ·B·v
//
// of the pilots v of a few PRBs at one antenna, with A the covariance of a channel
// whose delay is as timing advance leaves it, and B what takes the UEs away that
// share the comb (the identity where there are none). Where v has no order, the
// moments of x follow from A and B alone, whatever the noise of the antenna or of
// these PRBs is: no noise needs to be measured, none of colour or of a narrow
// interferer counts as a signal, and no unit matters. The sum of x over PRBs and
// antennas is compared with the quantile that these moments give; antennas that hear
// the same count for as many as their correlation says, which no sequence changes. Where
// UEs share so few pilots that none of them could stand out beside the others, one or
// two PRBs, they are looked for together, and all count as present or none.
//
// As for PUCCH in TS 38.104 §8.3, where noise alone must not be found more often
// than 1 % of the time.
package dtx
