// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package resource

import (
	"errors"
	"fmt"
)

// freeDisk is for Linux alone.
func freeDisk(dir string) (int64, error) {
	return 0, fmt.Errorf("statfs %s: %w", dir, errors.ErrUnsupported)
}
