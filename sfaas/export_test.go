// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// CloseSnapshot ends a snapshot whose records have been changed, so that its
// checksum is right. What is too short for a checksum stays as it is.
func CloseSnapshot(data []byte) []byte {
	if len(data) < 8 {
		return data
	}
	sum := xxhash.Sum64(data)
	data = binary.LittleEndian.AppendUint32(append(data[:len(data):len(data)], recordEnd), 8)
	return binary.LittleEndian.AppendUint64(data, sum)
}

// OpenSnapshot is the inverse of CloseSnapshot.
func OpenSnapshot(data []byte) []byte { return data[:max(0, len(data)-13)] }
