// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// freeDisk returns the bytes that this user may still write to a file system.
func freeDisk(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("statfs %s: %w", dir, err)
	}
	return int64(s.Bavail) * s.Bsize, nil
}
