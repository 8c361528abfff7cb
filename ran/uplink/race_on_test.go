// SPDX-License-Identifier: Apache-2.0

//go:build race

package uplink_test

const raceEnabled = true
