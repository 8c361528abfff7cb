// SPDX-License-Identifier: Apache-2.0

// Package base holds the plain values of the runtime, and how they are written
// as bytes: keys, slots, moments, headers, what programs say about functions
// and edges, and errors.
//
// It is the lowest room of sfaas and imports none of them. Nothing here has a
// behaviour of its own, keeps state or refers to a graph: every value may be
// copied, compared and used by any goroutine. Programs know most of it by the
// aliases of package sfaas.
package base
