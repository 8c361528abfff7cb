// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package beat

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// socket is a UDP socket. What has come while it waited is held for receive. There are no
// life lines: who has died is found by the end of its other connections.
type socket struct {
	conn    *net.UDPConn
	address netip.AddrPort
	in      [Size + 1]byte
	n       int // bytes in it that wait, 0 for none
}

type target struct{ at netip.AddrPort }

func targetOf(a netip.AddrPort) target { return target{a} }

// bell wakes the thread.
type bell struct{ conn atomic.Pointer[net.UDPConn] }

func newBell() (*bell, error) { return &bell{}, nil }

func (b *bell) ring() {
	if c := b.conn.Load(); c != nil {
		_ = c.SetReadDeadline(time.Unix(1, 0))
	}
}

func (b *bell) close() error { return nil }

func leaveTable(*bell) error { return nil }

func listen(host netip.Addr, b *bell) (*socket, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 0)))
	if err != nil {
		return nil, err
	}
	b.conn.Store(conn)
	return &socket{conn: conn, address: conn.LocalAddr().(*net.UDPAddr).AddrPort()}, nil
}

// wait returns when something has come, when the time is over, or when it is woken.
func (s *socket) wait(d time.Duration) error {
	s.n = 0
	if err := s.conn.SetReadDeadline(time.Now().Add(max(d, 0))); err != nil {
		return err
	}
	if n, _, err := s.conn.ReadFromUDPAddrPort(s.in[:]); err == nil {
		s.n = n
	}
	return nil
}

// receive reads what has come into s.in, and reports false if nothing has.
func (s *socket) receive() (int, bool) {
	if n := s.n; n > 0 {
		s.n = 0
		return n, true
	}
	if s.conn.SetReadDeadline(time.Now().Add(time.Microsecond)) != nil {
		return 0, false
	}
	n, _, err := s.conn.ReadFromUDPAddrPort(s.in[:])
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, false
	}
	return n, n > 0
}

func (s *socket) send(b []byte, to *target) { _, _ = s.conn.WriteToUDPAddrPort(b, to.at) }

func (s *socket) tend([]*other, sfaas.Time, func(*other, sfaas.Time)) {}

func (s *socket) accept() {}

func (s *socket) close() error { return s.conn.Close() }
