// SPDX-License-Identifier: Apache-2.0

// Package layout knows the memory of Go values: it measures, copies, encodes
// and decodes a value of any type that messages and cells may hold, without
// reflection once the [Layout] of the type has been built.
//
// It imports base and tensor and knows neither graphs nor messages. A Layout is
// immutable and may be shared; its methods write only what they are given.
// Pointers that are passed to it point to a value of its type.
package layout
