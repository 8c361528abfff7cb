// SPDX-License-Identifier: Apache-2.0

package mac

import "time"

// QoS are the characteristics of a 5QI that a scheduler goes by.
type QoS struct {
	Guaranteed bool          // resource type GBR or delay-critical GBR
	Priority   int           // default priority level: lower comes first
	Delay      time.Duration // packet delay budget
	LossRate   float64       // packet error rate
}

// elastic reports whether a full buffer is nothing to hurry for: traffic of TCP and buffered
// video, 5QI 6, 8 and 9, takes what it gets.
func (q QoS) elastic() bool { return !q.Guaranteed && q.Delay >= 300*time.Millisecond }

// FiveQI returns the standardized characteristics of a 5QI, and whether there are any.
//
// TS 23.501 table 5.7.4-1.
func FiveQI(value int) (QoS, bool) {
	if value < 0 || value >= len(fiveQIs) || fiveQIs[value].Priority == 0 {
		return QoS{}, false
	}
	return fiveQIs[value], true
}

const (
	ms         = time.Millisecond
	bestEffort = 9 // 5QI of a default bearer
)

// TS 23.501 table 5.7.4-1; rows without a priority level are not standardized.
var fiveQIs = [91]QoS{
	1:  {true, 20, 100 * ms, 1e-2},
	2:  {true, 40, 150 * ms, 1e-3},
	3:  {true, 30, 50 * ms, 1e-3},
	4:  {true, 50, 300 * ms, 1e-6},
	5:  {false, 10, 100 * ms, 1e-6},
	6:  {false, 60, 300 * ms, 1e-6},
	7:  {false, 70, 100 * ms, 1e-3},
	8:  {false, 80, 300 * ms, 1e-6},
	9:  {false, 90, 300 * ms, 1e-6},
	65: {true, 7, 75 * ms, 1e-2},
	66: {true, 20, 100 * ms, 1e-2},
	67: {true, 15, 100 * ms, 1e-3},
	69: {false, 5, 60 * ms, 1e-6},
	70: {false, 55, 200 * ms, 1e-6},
	71: {true, 56, 150 * ms, 1e-6},
	72: {true, 56, 300 * ms, 1e-4},
	73: {true, 56, 300 * ms, 1e-8},
	74: {true, 56, 500 * ms, 1e-8},
	76: {true, 56, 500 * ms, 1e-4},
	79: {false, 65, 50 * ms, 1e-2},
	80: {false, 68, 10 * ms, 1e-6},
	82: {true, 19, 10 * ms, 1e-4},
	83: {true, 22, 10 * ms, 1e-4},
	84: {true, 24, 30 * ms, 1e-5},
	85: {true, 21, 5 * ms, 1e-5},
	86: {true, 18, 5 * ms, 1e-4},
	87: {true, 25, 5 * ms, 1e-3},
	88: {true, 25, 10 * ms, 1e-3},
	89: {true, 25, 15 * ms, 1e-4},
	90: {true, 25, 20 * ms, 1e-4},
}
