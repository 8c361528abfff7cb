// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestPolled reads what comes, and ends with a deadline, the end of the other side and its
// own.
func TestPolled(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	conn, err := newPolled(near)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 16)
	go func() { _, _ = far.Write([]byte("hello")) }()
	if n, err := conn.Read(b); err != nil || string(b[:n]) != "hello" {
		t.Fatalf("got %q (%v), want hello", b[:n], err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("past the deadline: %v", err)
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 2)
	read := func() {
		_, err := conn.Read(b)
		done <- err
	}
	far.Close()
	if read(); !errors.Is(<-done, io.EOF) {
		t.Error("the other side has ended, and no io.EOF comes")
	}
	conn.Close()
	if read(); !errors.Is(<-done, net.ErrClosed) {
		t.Error("closed, and no net.ErrClosed comes")
	}
	if _, err := newPolled(nil); err == nil {
		t.Error("no connection is polled")
	}
}
