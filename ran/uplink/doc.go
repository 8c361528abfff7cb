// SPDX-License-Identifier: Apache-2.0

// Package uplink composes the functions of ran/block into a PUSCH receiver:
// from the samples of a slot and its schedule to CRC-checked transport blocks.
//
//	slots ──▶ demodulate ──▶ extract ─┬─▶ synchronise ──▶ estimate ─┐
//	                            ▲     └──────────── data ───────────┴▶ equalize ─┐
//	grants ─┬───────────────────┘                                                │
//	        └▶ distribute ───────────┬─────────────────────┐                     │
//	                                 ▼                     ▼                     │
//	           blocks ◀── crc ◀── decode ◀── recover ◀── demap ◀─────────────────┘
//
// (Grants go to extract, demap and decode, which keep them as state.)
//
// With [WithTracking] a tracker stands before synchronise and hears from estimate
// what each slot has seen.
//
// [New] returns the graph, built; every step can be replaced by an [Option].
// [Chain.Play] runs a recording through it, slot by slot; a program with another
// source opens a runtime with [Chain.Open] and pushes schedules and samples itself.
package uplink
