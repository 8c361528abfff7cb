// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

// peakMiB returns 0: it is not known here.
func peakMiB() float64 { return 0 }
