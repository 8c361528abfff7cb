// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package beat

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"time"
)

// socket is a UDP socket. What has come while it waited is held for receive.
type socket struct {
	conn    *net.UDPConn
	address netip.AddrPort
	held    [Size + 1]byte
	n       int // bytes held, 0 for none
}

func listen(host netip.Addr) (*socket, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 0)))
	if err != nil {
		return nil, err
	}
	return &socket{conn: conn, address: conn.LocalAddr().(*net.UDPAddr).AddrPort()}, nil
}

// wait returns when something has come, when the time is over, or when it is woken.
func (s *socket) wait(d time.Duration) error {
	s.n = 0
	if err := s.conn.SetReadDeadline(time.Now().Add(max(d, 0))); err != nil {
		return err
	}
	if n, _, err := s.conn.ReadFromUDPAddrPort(s.held[:]); err == nil {
		s.n = n
	}
	return nil
}

// receive reads what has come, and reports false if nothing has.
func (s *socket) receive(b []byte) (int, bool) {
	if n := copy(b, s.held[:s.n]); n > 0 {
		s.n = 0
		return n, true
	}
	if s.conn.SetReadDeadline(time.Now().Add(time.Microsecond)) != nil {
		return 0, false
	}
	n, _, err := s.conn.ReadFromUDPAddrPort(b)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, false
	}
	return n, n > 0
}

func (s *socket) send(b []byte, to netip.AddrPort) { _, _ = s.conn.WriteToUDPAddrPort(b, to) }

// wake ends the wait.
func (s *socket) wake() { _ = s.conn.SetReadDeadline(time.Unix(1, 0)) }

func (s *socket) close() error { return s.conn.Close() }
