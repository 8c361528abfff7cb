// SPDX-License-Identifier: Apache-2.0

// Package track follows delay, carrier offset, Doppler frequency and power delay
// profile of a UE over slots, and says before a slot what to expect in it.
//
// A [UE] remembers what the last slots have seen, each by itself
// ([nr.SeenOffsets] and [nr.Seen], which do not depend on what was known before),
// and [UE.Prior] runs a Kalman filter over them. The prior of slot n uses the
// slots up to n − Lag and not more than Window of them, whatever came when: a
// tracker that is fed with these slots only gives the same prior, bit for bit. A
// receiver that pipelines slots therefore does not depend on timing, and one that
// takes over from another needs no state but the samples of Window + Lag slots.
//
// The package is pure: no clock, no goroutine, no allocation.
package track
