// SPDX-License-Identifier: Apache-2.0

package acceltest

import (
	"fmt"
	"os"
)

// residentBytes returns the bytes that the process has in memory.
func residentBytes() int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var total, resident int
	if _, err := fmt.Sscan(string(text), &total, &resident); err != nil {
		return 0
	}
	return resident * os.Getpagesize()
}
