// SPDX-License-Identifier: Apache-2.0

//go:build linux

package beat

import (
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// socket is a UDP socket for beats and, at the same port, a TCP socket for the life lines of
// others. The thread waits for both in the kernel: Go's own sockets would wake the thread by
// way of another one, which does not run before all others.
type socket struct {
	beats, guests int
	bell          *bell
	address       netip.AddrPort
	polls         []unix.PollFd // beats, bell, and one for each line
	lines         []line        // to those who are watched, in their order
	in            [Size + 1]byte

	held [maxGuests]int // lines of others, the oldest of which is given up for the next one
	next int
}

// maxGuests is how many lines of others a pulse holds: those of a zone. A line may be held by
// anybody, so who connects again and again makes others lose theirs, which they dial again
// after redial; a death in between is known by silence.
const maxGuests = 256

// target is an address as the kernel has it.
type target struct{ sa unix.Sockaddr }

func targetOf(a netip.AddrPort) target {
	if ip := a.Addr().Unmap(); ip.Is4() {
		return target{&unix.SockaddrInet4{Addr: ip.As4(), Port: int(a.Port())}}
	}
	return target{&unix.SockaddrInet6{Addr: a.Addr().As16(), Port: int(a.Port())}}
}

func family(a netip.Addr) int {
	if a.Unmap().Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// bell wakes the thread.
type bell struct{ fd int }

func newBell() (*bell, error) {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	return &bell{fd}, err
}

func (b *bell) ring()        { _, _ = unix.Write(b.fd, []byte{1, 0, 0, 0, 0, 0, 0, 0}) }
func (b *bell) close() error { return unix.Close(b.fd) }

// listen opens both sockets at one port of the kernel's choice.
func listen(host netip.Addr, b *bell) (*socket, error) {
	const tries = 16 // until a port is free for both
	var s *socket
	var err error
	for range tries {
		s = &socket{bell: b, beats: -1, guests: -1}
		if err = s.open(host); err == nil {
			s.polls = []unix.PollFd{{Fd: int32(s.beats), Events: unix.POLLIN}, {Fd: int32(b.fd), Events: unix.POLLIN}}
			return s, nil
		}
		err = errors.Join(err, s.close())
		if !errors.Is(err, unix.EADDRINUSE) {
			break
		}
	}
	return nil, err
}

func (s *socket) open(host netip.Addr) (err error) {
	const flags = unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC
	if s.beats, err = unix.Socket(family(host), unix.SOCK_DGRAM|flags, 0); err != nil {
		return err
	}
	if err = unix.Bind(s.beats, targetOf(netip.AddrPortFrom(host, 0)).sa); err != nil {
		return err
	}
	if s.address, err = nameOf(s.beats); err != nil {
		return err
	}
	if s.guests, err = unix.Socket(family(host), unix.SOCK_STREAM|flags, 0); err != nil {
		return err
	}
	if err = unix.Bind(s.guests, targetOf(s.address).sa); err != nil {
		return err
	}
	return unix.Listen(s.guests, maxGuests)
}

// wait returns when something has come, when the time is over, or when it is woken.
func (s *socket) wait(d time.Duration) error {
	ts := unix.NsecToTimespec(int64(max(d, 0)))
	_, err := unix.Ppoll(s.polls, &ts, nil)
	if err == unix.EINTR {
		for i := range s.polls {
			s.polls[i].Revents = 0
		}
		return nil
	}
	if s.polls[1].Revents != 0 {
		var rings [8]byte
		_, _ = unix.Read(s.bell.fd, rings[:])
	}
	return err
}

// receive reads what has come into s.in, and reports false if nothing has.
func (s *socket) receive() (int, bool) { return readDatagram(s.beats, s.in[:]) }

func (s *socket) send(b []byte, to *target) { _ = unix.Sendto(s.beats, b, unix.MSG_DONTWAIT, to.sa) }

// accept takes some lines of others, and holds them: nothing is read from them, and who ends
// one is found out when its place is needed.
func (s *socket) accept() {
	const most = 4 // per beat
	for range most {
		fd, _, err := unix.Accept4(s.guests, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		if old := s.held[s.next]; old > 0 {
			_ = unix.Close(old)
		}
		s.held[s.next] = fd
		s.next = (s.next + 1) % maxGuests
	}
}

// close closes all that the thread has opened.
func (s *socket) close() error {
	var errs []error
	for _, fd := range append([]int{s.beats, s.guests}, s.held[:]...) {
		if fd > 0 {
			errs = append(errs, unix.Close(fd))
		}
	}
	for i := range s.lines {
		s.lines[i].end(&s.polls[firstLine+i])
	}
	return errors.Join(errs...)
}
