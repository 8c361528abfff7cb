// SPDX-License-Identifier: Apache-2.0

// Package resourcetest has what every driver and every sensor of placement/resource must
// pass, and recordings of hosts to run it on.
//
// A recording is the text of the files that a host has below /proc and /sys, as far as
// drivers read them, in one file: a line "-- path --" before each. They are written
// after the documentation of the kernel.
package resourcetest
