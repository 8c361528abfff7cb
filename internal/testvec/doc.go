// SPDX-License-Identifier: Apache-2.0

// Package testvec finds the test material that lies outside the module (the
// shared folder of recordings, vectors and curves, a Python with an oracle in
// it) and states in one place when a test that lacks something skips and when
// it fails.
package testvec
