// SPDX-License-Identifier: Apache-2.0

//go:build linux

package beat

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// mailbox is a UDP socket that nobody waits for: Go's own sockets would wake a thread with each
// datagram.
type mailbox struct {
	fd      int
	address netip.AddrPort
}

// mailboxBytes is what the socket is to hold, as far as the kernel lets it.
const mailboxBytes = 1 << 20

func openMailbox(host netip.Addr) (*mailbox, error) {
	fd, err := unix.Socket(family(host), unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	m := &mailbox{fd: fd}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, mailboxBytes) // the kernel's bound holds
	if err = unix.Bind(fd, targetOf(netip.AddrPortFrom(host, 0)).sa); err == nil {
		m.address, err = nameOf(fd)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return m, nil
}

// nameOf returns where a socket is.
func nameOf(fd int) (netip.AddrPort, error) {
	name, err := unix.Getsockname(fd)
	switch x := name.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(x.Addr), uint16(x.Port)), nil
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(x.Addr), uint16(x.Port)), nil
	}
	return netip.AddrPort{}, err
}

func (m *mailbox) send(b []byte, to *target) { _ = unix.Sendto(m.fd, b, unix.MSG_DONTWAIT, to.sa) }

func (m *mailbox) receive(b []byte) (int, bool) { return readDatagram(m.fd, b) }

// readDatagram reads what has come, and reports false if nothing has. An error of the socket
// belongs to a datagram that did not get there, and says nothing of who sends here.
func readDatagram(fd int, b []byte) (int, bool) {
	for range 2 {
		n, err := unix.Read(fd, b)
		if err == nil {
			return n, true
		}
		if err != unix.ECONNREFUSED && err != unix.EINTR {
			return 0, false
		}
	}
	return 0, false
}

func (m *mailbox) close() error { return unix.Close(m.fd) }
