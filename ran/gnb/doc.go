// SPDX-License-Identifier: Apache-2.0

// Package gnb closes the loop about the uplink scheduler of package mac: traffic, UEs, the
// air, the receiver, and what came of each grant back to the scheduler. So any block of the
// receiver can be judged by throughput and delay, and a scheduler by what a real receiver
// makes of its grants.
//
//	      packets                     blocks                    signals
//	Source ─────▶ buffers of UEs ─────────────▶ transmitters ───────────▶ channels, noise
//	                   │ ▲                                                     │
//	 scheduling        │ │ grants of slot n, made k₂ slots before              ▼
//	 requests,         ▼ │                                                 receiver
//	 soundings       mac.Cell ◀───── outcome, SINR, buffer status, ────────────┘
//	                                 headroom, k slots after
//
// A [Loop] is one cell in virtual time; a [Scenario] is a small world of them. The [Air]
// comes in two forms: [NewWaveform] makes every signal and receives it with the chain of
// ran/uplink, [NewAbstract] draws the outcome from measured block error rates, over the same
// fading. docs/mac.md says what is simplified, and how far the two agree.
package gnb
