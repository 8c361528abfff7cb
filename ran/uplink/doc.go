// SPDX-License-Identifier: Apache-2.0

// Package uplink composes the functions of ran/block into a PUSCH receiver:
// from the samples of a slot and its schedule to CRC-checked transport blocks.
//
//	slots ──▶ demodulate ──▶ extract ─┬─▶ synchronize ──▶ estimate ─┐
//	                            ▲     └──────────── data ───────────┴▶ equalize ─┐
//	grants ─┬───────────────────┘                                                │
//	        └▶ distribute ───────────┬─────────────────────┐                     │
//	                                 ▼                     ▼                     │
//	           blocks ◀── crc ◀── decode ◀── recover ◀── demap ◀─────────────────┘
//
// (Grants go to extract, demap and decode, which keep them as state.)
//
// With [Config].Tracking a tracker stands before synchronize and hears from estimate
// what each slot has seen. Every step can be replaced by a function of the same ports,
// see [Steps].
//
// [Compose] wires the receiver into a graph of the program's own and returns all its
// edges, so that taps, branches, further functions and ports take a line each; [New]
// does so with a graph that is the receiver and nothing else.
//
// [Chain.Play] runs a recording through either, slot by slot. A program with another
// source takes a [Receiver] from [Chain.Receive], hands it schedules and samples, and
// hears one [Transmission] for each grant. Who wants nothing but the blocks opens a
// runtime with [Chain.Open] and pushes by itself.
package uplink
