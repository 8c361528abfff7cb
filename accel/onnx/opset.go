// SPDX-License-Identifier: Apache-2.0

package onnx

// Versions of the standard operator set whose operators are known here. Older
// sets passed lengths as attributes of other names, newer ones do not exist yet.
const (
	MinOpset = 6
	MaxOpset = 28
)

// CheckOpset returns an [*OpsetError] when a version of the standard operator
// set is not known here.
func CheckOpset(version int64) error {
	if version < MinOpset || version > MaxOpset {
		return &OpsetError{Got: version, Min: MinOpset, Max: MaxOpset}
	}
	return nil
}
