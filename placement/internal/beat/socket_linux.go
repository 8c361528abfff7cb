// SPDX-License-Identifier: Apache-2.0

//go:build linux

package beat

import (
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// socket is a UDP socket on which a thread waits in the kernel. Go's own would wake the
// thread by way of another one, which does not run before all others.
type socket struct {
	fd, bell int // bell is an eventfd
	address  netip.AddrPort
	polls    [2]unix.PollFd
}

func listen(host netip.Addr) (*socket, error) {
	family := unix.AF_INET
	if host.Is6() && !host.Is4In6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	bell, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	s := &socket{fd: fd, bell: bell}
	if err := s.bind(host); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.polls = [2]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(bell), Events: unix.POLLIN}}
	return s, nil
}

func (s *socket) bind(host netip.Addr) error {
	if err := unix.Bind(s.fd, sockaddr(netip.AddrPortFrom(host, 0))); err != nil {
		return err
	}
	name, err := unix.Getsockname(s.fd)
	if err != nil {
		return err
	}
	switch x := name.(type) {
	case *unix.SockaddrInet4:
		s.address = netip.AddrPortFrom(netip.AddrFrom4(x.Addr), uint16(x.Port))
	case *unix.SockaddrInet6:
		s.address = netip.AddrPortFrom(netip.AddrFrom16(x.Addr), uint16(x.Port))
	}
	return nil
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if ip := a.Addr().Unmap(); ip.Is4() {
		return &unix.SockaddrInet4{Addr: ip.As4(), Port: int(a.Port())}
	}
	return &unix.SockaddrInet6{Addr: a.Addr().As16(), Port: int(a.Port())}
}

// wait returns when something has come, when the time is over, or when it is woken.
func (s *socket) wait(d time.Duration) error {
	ts := unix.NsecToTimespec(int64(max(d, 0)))
	_, err := unix.Ppoll(s.polls[:], &ts, nil)
	if err == unix.EINTR {
		return nil
	}
	return err
}

// receive reads what has come, and reports false if nothing has. An error of the socket
// belongs to a beat that did not get there, and says nothing of who beats here.
func (s *socket) receive(b []byte) (int, bool) {
	for range 2 {
		n, err := unix.Read(s.fd, b)
		if err == nil {
			return n, true
		}
		if err != unix.ECONNREFUSED && err != unix.EINTR {
			return 0, false
		}
	}
	return 0, false
}

func (s *socket) send(b []byte, to netip.AddrPort) {
	_ = unix.Sendto(s.fd, b, unix.MSG_DONTWAIT, sockaddr(to))
}

// wake ends the wait.
func (s *socket) wake() { _, _ = unix.Write(s.bell, []byte{1, 0, 0, 0, 0, 0, 0, 0}) }

func (s *socket) close() error { return errors.Join(unix.Close(s.fd), unix.Close(s.bell)) }
