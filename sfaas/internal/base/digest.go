// SPDX-License-Identifier: Apache-2.0

package base

import "fmt"

// Digest identifies a configuration: equal digests mean that two functions, or
// two graphs, may exchange state and messages.
type Digest uint64

// String returns 16 hexadecimal digits.
func (d Digest) String() string { return fmt.Sprintf("%016x", uint64(d)) }
