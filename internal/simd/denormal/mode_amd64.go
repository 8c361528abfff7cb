// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && !purego

package denormal

//go:generate env GOWORK=off go -C _asm run . -out ../denormal_amd64.s -stubs ../denormal_amd64.go -pkg denormal

// Mode is what [Restore] needs to know.
type Mode uint32

// Bits of MXCSR: results that are denormal become zero, and operands that are
// denormal are taken for zero (Intel SDM volume 1, §10.2.3).
const flushBits = 1<<15 | 1<<6

// Flush takes denormal numbers for zero on this thread, and returns the mode
// from before. The caller is locked to its thread. It does not allocate.
func Flush() Mode {
	old := control()
	if old&flushBits != flushBits {
		setControl(old | flushBits)
	}
	return Mode(old)
}

// Restore brings the mode back that [Flush] found. It does not allocate.
func Restore(old Mode) {
	if old&flushBits != flushBits {
		setControl(uint32(old))
	}
}

// Supported reports whether Flush does anything on this processor.
func Supported() bool { return true }
