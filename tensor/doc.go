// SPDX-License-Identifier: Apache-2.0

// Package tensor holds typed, dense tensors with named axes over Arrow memory.
package tensor
