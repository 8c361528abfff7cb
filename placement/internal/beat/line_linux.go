// SPDX-License-Identifier: Apache-2.0

//go:build linux

package beat

import (
	"cmp"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/neuroran/neuroran/sfaas"
)

// line is the life line to a process that is watched: a TCP connection over which nothing is
// ever said. It is there to end.
//
//	dialling ──accepted──> up ──ended──> dialled anew ──accepted──> up: it lives
//	                                          └──refused──> the process has ended
//
// Why not wait for the end of the connection over which messages go. When a process is
// killed, the kernel takes its memory apart before it closes its files, since all of its
// threads share both and the last one does both: 5 to 10 ms per 100 MB. The thread that
// beats has a table of files of its own, see leaveTable. It goes at once, being one of many
// that share the memory, and its files with it: the line ends 0.1 to 0.2 ms after the
// signal, whatever the process weighs.
type line struct {
	of    *other
	state lineState
	was   bool       // it has been up
	ended sfaas.Time // when it was lost, while that is not explained
	next  sfaas.Time // it is not dialled before
}

type lineState uint8

const (
	lineDown lineState = iota
	lineDialling
	lineUp
)

// firstLine is the place of the first line in socket.polls: beats and bell are before.
const firstLine = 2

// redial is for how long a line that was dialled is not dialled again: who gives up lines
// again and again costs no more than that.
const redial = 50 * time.Millisecond

// tend looks after the lines to those who are watched, and tells who has died.
func (s *socket) tend(watch []*other, now sfaas.Time, died func(x *other, noticed sfaas.Time)) {
	if !slices.EqualFunc(s.lines, watch, func(l line, x *other) bool { return l.of == x }) {
		s.arrange(watch)
	}
	for i := range s.lines {
		l, poll := &s.lines[i], &s.polls[firstLine+i]
		if l.of.died || l.of.to.sa == nil {
			continue
		}
		if l.look(poll, now) {
			died(l.of, cmp.Or(l.ended, now))
		}
	}
}

// arrange gives everybody who is watched a line, and ends those of all others.
func (s *socket) arrange(watch []*other) {
	lines, polls := make([]line, len(watch)), make([]unix.PollFd, firstLine+len(watch))
	copy(polls, s.polls[:firstLine])
	for i, x := range watch {
		lines[i].of, polls[firstLine+i].Fd = x, -1
	}
	for i := range s.lines {
		at := slices.Index(watch, s.lines[i].of)
		if at < 0 {
			s.lines[i].end(&s.polls[firstLine+i])
			continue
		}
		lines[at], polls[firstLine+at] = s.lines[i], s.polls[firstLine+i]
	}
	s.lines, s.polls = lines, polls
}

// look takes a line on as far as it comes at once, and reports whether its process has
// ended.
func (l *line) look(poll *unix.PollFd, now sfaas.Time) (died bool) {
	happened := poll.Revents != 0
	poll.Revents = 0
	switch {
	case l.state == lineUp && happened && over(int(poll.Fd)):
		l.end(poll)
		l.ended = now
	case l.state == lineDialling && happened:
		err, _ := unix.GetsockoptInt(int(poll.Fd), unix.SOL_SOCKET, unix.SO_ERROR)
		return l.answered(poll, unix.Errno(err))
	}
	if l.state == lineDown && now >= l.next {
		l.next = now.Add(redial)
		return l.dial(poll)
	}
	return false
}

// over reports whether a connection has ended. What is said on it is not listened to.
func over(fd int) bool {
	var b [64]byte
	n, err := unix.Read(fd, b[:])
	return n == 0 && err == nil || err != nil && err != unix.EAGAIN && err != unix.EINTR
}

// dial begins a connection; on one machine it is there, or refused, at once.
func (l *line) dial(poll *unix.PollFd) (died bool) {
	fd, err := unix.Socket(family(l.of.at.Addr()), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	poll.Fd, poll.Events = int32(fd), unix.POLLOUT
	l.state = lineDialling
	switch err = unix.Connect(fd, l.of.to.sa); err {
	case unix.EINPROGRESS, unix.EINTR:
		return false
	case nil:
		return l.answered(poll, 0)
	}
	errno, _ := err.(unix.Errno)
	return l.answered(poll, errno)
}

// answered takes in what has become of an attempt to connect. That nobody listens is the word
// of the other kernel; a process that was never heard has perhaps not begun.
func (l *line) answered(poll *unix.PollFd, err unix.Errno) (died bool) {
	if err == 0 {
		l.state, l.was, l.ended = lineUp, true, 0
		poll.Events = unix.POLLIN
		return false
	}
	l.end(poll)
	return err == unix.ECONNREFUSED && (l.was || l.of.last.Count > 0)
}

// end closes the connection, if there is one.
func (l *line) end(poll *unix.PollFd) {
	if l.state != lineDown {
		_ = unix.Close(int(poll.Fd))
		l.state, poll.Fd = lineDown, -1
	}
}
