// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package sim

import "time"

// cpuTime returns nothing where the system is not known.
func cpuTime() time.Duration { return 0 }
