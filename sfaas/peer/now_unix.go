// SPDX-License-Identifier: Apache-2.0

//go:build unix

package peer

import "syscall"

// canWriteNow says that a system call writes what the kernel takes at once.
const canWriteNow = true

// putNow writes flat once, without waiting: sockets of the standard library do not
// block. It always says that it is done.
func (l *link) putNow(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), l.flat)
		switch err {
		case nil:
			l.putN = n
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
		default:
			l.putErr = err
		}
		return true
	}
}
