// SPDX-License-Identifier: Apache-2.0

// Package pusch is the physical uplink shared channel with CP-OFDM: a
// transmitter from transport block to resource grid, and a receiver back.
package pusch
