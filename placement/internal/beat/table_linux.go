// SPDX-License-Identifier: Apache-2.0

//go:build linux

package beat

import (
	"math"
	"strconv"

	"golang.org/x/sys/unix"
)

// leaveTable gives the thread a table of files of its own, so that what it opens from now
// on is closed when the thread ends, and not when the memory of the process has been taken
// apart. Where the kernel refuses that, life lines end later.
//
// A new table begins with everything that is in the old one. That has to go: a connection of
// the program would stay open here when the program has closed it. What stays is the bell,
// the streams 0 to 2, and files without a type, which are Go's own with which it waits for
// others: a goroutine that gives up its place may need them. The goroutine is locked to
// the thread until both end, so no other code ever meets this table; and Go starts no
// threads from one that is locked, so none inherits it.
func leaveTable(b *bell) error {
	dir, err := unix.Open("/proc/thread-self/fd", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil // without a list of what there is, the table stays shared
	}
	defer unix.Close(dir)
	// The second way is for kernels before 5.9, the first one for containers that forbid that.
	if unix.CloseRange(math.MaxUint32, math.MaxUint32, unix.CLOSE_RANGE_UNSHARE) != nil && unix.Unshare(unix.CLONE_FILES) != nil {
		return nil
	}
	files, err := listed(dir)
	if err != nil {
		return err // the thread ends, and the table with it
	}
	for _, fd := range files {
		var st unix.Stat_t
		if fd > 2 && fd != b.fd && fd != dir && unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT != 0 {
			_ = unix.Close(fd)
		}
	}
	return nil
}

// listed returns the numbers in a folder of open files.
func listed(dir int) (all []int, err error) {
	buf := make([]byte, 4096)
	for {
		n, err := unix.ReadDirent(dir, buf)
		if err != nil || n == 0 {
			return all, err
		}
		_, _, names := unix.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			if fd, err := strconv.Atoi(name); err == nil {
				all = append(all, fd)
			}
		}
	}
}
