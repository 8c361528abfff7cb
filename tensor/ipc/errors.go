// SPDX-License-Identifier: Apache-2.0

package ipc

import "errors"

// ErrFormat is wrapped by errors about bytes that are not the Arrow IPC file that was
// expected: truncated, out of bounds, compressed, of several rows per record batch, or
// of another byte order.
var ErrFormat = errors.New("malformed arrow file")
