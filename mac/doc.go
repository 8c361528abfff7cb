// SPDX-License-Identifier: Apache-2.0

// Package mac is the uplink half of a MAC of a 5G NR base station: it decides who
// transmits where, how and with which HARQ process in every slot of a cell, and learns
// from what the receiver made of the last slots.
//
// A [Cell] is told what came back ([Cell.Feedback], [Cell.Sound], [Cell.Request]) and is
// asked for the grants of one slot after the other ([Cell.Schedule]). What it knows of a
// UE is a [UE], plain values of fixed size, so that a host can keep it as state, move it
// and put it back ([Cell.Restore]). A policy is a [Scheduler]: it sees a [View] of the cell
// and gives each resource block group to a UE. Everything else is the same for all
// policies: retransmissions, link adaptation from measured block error rates ([Curves])
// with an outer loop ([OuterLoop]), HARQ processes, buffers, power headroom, pairing of
// UEs on the same resource blocks, and the receiver's compute budget ([Work], [Bounds]).
//
// The package knows no runtime, no clock and no goroutine: one history of calls gives one
// history of grants. Its words are those of 3GPP and of the FAPI of the Small Cell Forum: an
// [nr.Schedule] is UL_TTI.request, [Feedback] is what CRC.indication and the MAC control
// elements in RX_Data.indication say.
package mac
