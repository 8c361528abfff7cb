// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package beat

import (
	"net"
	"net/netip"
	"time"
)

// mailbox is a UDP socket that nobody waits for.
type mailbox struct {
	conn    *net.UDPConn
	address netip.AddrPort
}

func openMailbox(host netip.Addr) (*mailbox, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 0)))
	if err != nil {
		return nil, err
	}
	return &mailbox{conn, conn.LocalAddr().(*net.UDPAddr).AddrPort()}, nil
}

func (m *mailbox) send(b []byte, to *target) { _, _ = m.conn.WriteToUDPAddrPort(b, to.at) }

func (m *mailbox) receive(b []byte) (int, bool) {
	if m.conn.SetReadDeadline(time.Now().Add(50*time.Microsecond)) != nil {
		return 0, false
	}
	n, _, err := m.conn.ReadFromUDPAddrPort(b)
	return n, err == nil
}

func (m *mailbox) close() error { return m.conn.Close() }
