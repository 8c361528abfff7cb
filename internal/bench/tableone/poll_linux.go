// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"

	"github.com/neuroran/neuroran/sfaas/peer"
)

// polled is a connection whose reader never sleeps: where nothing has come it asks again,
// as a receiver does that has a core to itself. Between two questions other goroutines and
// processes may run, since there are fewer cores here than processes.
type polled struct {
	*net.UnixConn
	raw  syscall.RawConn
	ask  func(fd uintptr) bool
	into []byte // what ask reads into
	n    int    // how many bytes came
	err  error
}

func newPolled(conn net.Conn) (net.Conn, error) {
	c, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, errors.New("tableone: only Unix sockets are polled")
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	p := &polled{UnixConn: c, raw: raw}
	p.ask = func(fd uintptr) bool {
		p.n, p.err = syscall.Read(int(fd), p.into)
		return true // do not wait
	}
	return p, nil
}

// Read returns what has come, and polls until something has.
func (p *polled) Read(b []byte) (int, error) {
	p.into = b
	defer func() { p.into = nil }()
	for {
		if err := p.raw.Read(p.ask); err != nil {
			return 0, err // closed, or past a deadline
		}
		switch {
		case p.err == nil && p.n == 0 && len(b) > 0:
			return 0, io.EOF
		case p.err == nil:
			return p.n, nil
		case p.err != syscall.EAGAIN && p.err != syscall.EINTR:
			return 0, p.err
		}
		runtime.Gosched()
		_, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) // which cannot fail
	}
}

// dialPolled dials a peer.
func dialPolled(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return newPolled(conn)
}

// listenPolled accepts peers at a socket, as long as the process lives. It has one
// processor from then on.
func listenPolled(node *peer.Node, path string) error {
	runtime.GOMAXPROCS(1)
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if conn, err = newPolled(conn); err == nil {
				_ = node.Accept("unix", conn) // refused: the node is closed
			}
		}
	}()
	return nil
}
