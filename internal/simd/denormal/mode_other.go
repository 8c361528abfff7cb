// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || purego

package denormal

// Mode is what [Restore] needs to know.
type Mode struct{}

// Flush does nothing here.
func Flush() Mode { return Mode{} }

// Restore does nothing here.
func Restore(Mode) {}

// Supported reports whether Flush does anything on this processor.
func Supported() bool { return false }
