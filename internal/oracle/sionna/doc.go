// SPDX-License-Identifier: Apache-2.0

// Package sionna holds recipes that make test material with Sionna, another
// implementation of the 5G NR physical layer: resource grids of PUSCH
// transmissions, which its test compares with ours, and whole recordings. See
// README.md; there is no Go code to call.
package sionna
