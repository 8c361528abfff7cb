// SPDX-License-Identifier: Apache-2.0

// Package coord adapts links by where UEs are: a learned map from coordinates to the SINR that
// the receiver would report stands in the place of channel reports, and everything behind the
// inner loop of package mac, MCS, resources, outer loop, stays as it is.
//
// A [Map] is learned once from positions and SINRs ([Train]), takes less than a kilobyte, and
// answers in some tens of nanoseconds. It knows what changes from place to place, path loss
// and shadowing, and nothing of fast fading: so it is worth most where reports cost much or
// are old when they are used.
//
// The idea is that of S. Imtiaz, G. Koudouridis and J. Gross, "Coordinates-Based Resource
// Allocation through Supervised Machine Learning", IEEE Trans. Cogn. Commun. Netw. (2021), who
// learn it with random forests.
package coord
