// SPDX-License-Identifier: Apache-2.0

// Package block declares the blocks of an NR uplink receiver as stateful
// functions: the same steps that phy/pusch runs as one call, each with typed
// ports, its own key and explicit state.
//
//	function          from -> to                   key                state
//	phy/demodulate    samples -> Grid              cell
//	phy/extract       Grid -> PDU                  cell               scheduling grants, base graphs
//	phy/track         Pilots -> Pilots             PRB group          what the last slots have seen; an option
//	phy/synchronize   Pilots -> Aligned            PRB group
//	phy/estimate      Aligned -> Channel           PRB group
//	phy/equalize      Data, Channel -> Symbols     PRB group
//	phy/demap         Symbols -> LLRs              UE, HARQ process   modulation scheme
//	phy/recover       LLRs -> SoftBits             UE, HARQ process
//	phy/decode        SoftBits -> Bits             UE, HARQ process   coding scheme, block length, HARQ soft bits
//	phy/crc           Bits -> TransportBlock       UE, HARQ process
//	ran/report        TransportBlock -> Reported   UE, HARQ process
//	ran/collect       Reported -> Feedback         cell               slots of which something is missing
//	ran/schedule      SlotIndication -> Schedule   cell               contexts of UEs, kept
//	ran/distribute    Schedule -> nr.Grant         cell
//	phy/sight         Channel -> Sighted           PRB group          goes with phy/track
//
// A PRB group has the key of its first UE, see [GroupKey]: a UE that is alone on its
// PRBs, as most are, is the group.
//
// # State and parameters
//
// The scheduler's decisions enter as control messages that hold for one slot: a
// [nr.Schedule] of the cell, which ran/distribute takes apart into the grant of each
// HARQ process. They go to the three functions that keep them as state, and to
// no other: what a stateless function must know travels in its message. Data
// whose slot has no schedule waits for it and is then dropped and counted; it is
// never decoded with an older one.
//
// Noise, delay and carrier offset are outputs, not cells; who wants to follow them
// over slots asks for [NewTrack], which alone keeps them. The soft bits of a
// HARQ process are kept until new data arrives, also after a CRC pass; all that is
// known of a process is forgotten a minute after its last transmission, so that
// UEs which have left leave nothing behind.
//
// # Functions and algorithms
//
// A constructor such as [NewEstimate] takes the algorithm as an interface of
// phy/pusch, so that a model-driven block and its neural twin become the same
// function. Where that is not enough, a program defines its own function with
// the same ports: the messages are plain structs.
package block
