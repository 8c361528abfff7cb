// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// link is one connection of a session. One goroutine reads, and is lent to workers before
// it waits; another one writes what those who send have left to it, and one looks whether
// anything is heard.
type link struct {
	s      *session
	conn   net.Conn
	in     *bufio.Reader
	secure bool
	wake   chan struct{}   // has room for one: for the writer, which sleeps
	raw    syscall.RawConn // to write at once where the kernel takes it, nil for not
	heard  atomic.Bool     // since the last heartbeat
	reader atomic.Int32    // where it is
	done   chan struct{}   // closed when both goroutines have ended

	once sync.Once
	stop chan struct{}
	err  error // why it ends

	// The batch that is written next.
	heads [batchRecords + 1][headerSize]byte
	bufs  [][]byte
	out   net.Buffers
	flat  []byte // small records side by side, for one system call, or with TLS
	rest  []byte // what the kernel did not take at once; lies in flat
	count int
	bytes int

	// What the reader has come to.
	head  header // of the record under way,
	begun bool   // if there is one
	lost  func() // reads on when the reader is lost in a handler
	ended chan struct{}

	put    func(fd uintptr) bool // putNow
	putN   int                   // what it has written,
	putErr error                 // and why no more
}

const (
	readBuffer  = 32 << 10
	flatRecord  = 16 << 10 // larger records are written without a copy, with TLS too
	inlineBytes = 32 << 10 // of a frame that who sends it writes, if nothing else is to be written
)

func newLink(s *session, conn net.Conn, in *bufio.Reader, secure bool) *link {
	l := &link{s: s, conn: conn, in: in, secure: secure, wake: make(chan struct{}, 1), done: make(chan struct{}), stop: make(chan struct{})}
	l.lost, l.ended = l.readOn, make(chan struct{}, 1)
	if c, ok := conn.(syscall.Conn); ok && !secure && canWriteNow {
		l.raw, _ = c.SyscallConn()
		l.put = l.putNow
	}
	return l
}

// close ends the connection; the first reason holds.
func (l *link) close(err error) {
	l.once.Do(func() {
		l.err = err
		close(l.stop)
		l.conn.Close()
	})
}

// run reads and writes until the connection ends, and returns why.
func (l *link) run() error {
	var others sync.WaitGroup
	others.Go(func() { l.close(l.write()) })
	others.Go(l.watch)
	go l.read()
	l.awaitReader()
	others.Wait()
	return l.err
}

// watch ends a connection that is silent, also while the writer waits for the kernel.
func (l *link) watch() {
	beat := time.NewTicker(l.s.n.cfg.Heartbeat)
	defer beat.Stop()
	for silent, most := 0, int(l.s.n.cfg.Silence/l.s.n.cfg.Heartbeat); ; {
		select {
		case <-l.stop:
			return
		case <-beat.C:
		}
		if l.heard.Swap(false) || l.reader.Load() == readerLent {
			silent = 0
		} else if silent++; silent > most {
			l.close(errSilent)
			return
		}
	}
}

// awaitReader waits until the reader has ended. One that is in a handler when the
// connection ends is not waited for: it ends when it comes back.
func (l *link) awaitReader() {
	select {
	case <-l.ended:
		return
	case <-l.stop:
	}
	for !l.reader.CompareAndSwap(readerLent, readerGone) {
		select {
		case <-l.ended:
			return
		case <-time.After(time.Millisecond): // it was about to be lent
		}
	}
}

// Where the reader is.
const (
	readerHere = iota
	readerLent // nothing can be heard
	readerGone // and it is not to come back
)

// rouse wakes the writer.
func (l *link) rouse() {
	select {
	case l.wake <- struct{}{}:
	default: // it is about to wake
	}
}

// --- writing -------------------------------------------------------------------

func (l *link) reset() {
	clear(l.bufs)
	l.bufs, l.count, l.bytes = l.bufs[:0], 0, 0
	if len(l.rest) > 0 {
		l.bufs, l.rest = append(l.bufs, bytes.Clone(l.rest)), nil
	}
	l.flat = l.flat[:0]
}

// add puts a record into the batch.
func (l *link) add(r *record, received uint64) {
	h := header{uint32(r.size), r.class, r.flags, received}
	h.put(l.heads[l.count][:])
	l.bufs = append(l.bufs, l.heads[l.count][:])
	if r.data != nil {
		l.bufs = append(l.bufs, r.data)
	} else {
		l.bufs = r.f.Parts(l.bufs)
	}
	l.count++
	l.bytes += r.size
}

// addBare puts a header alone into the batch.
func (l *link) addBare(flags byte, received uint64) {
	h := header{flags: flagBare | flags, received: received}
	h.put(l.heads[l.count][:])
	l.bufs = append(l.bufs, l.heads[l.count][:])
}

func (l *link) write() error {
	beat := time.NewTicker(l.s.n.cfg.Heartbeat)
	defer beat.Stop()
	for due := false; ; {
		if l.s.collect(l, due) {
			due = false
			if err := l.flush(); err != nil {
				return err
			}
			l.s.wrote(l)
			continue
		}
		select {
		case <-l.wake:
		case <-beat.C:
			due = true
		case <-l.stop:
			return l.err
		}
	}
}

var errSilent = errors.New("peer: the other end is silent")

// writeNow writes the batch as far as the kernel takes it at once; the rest is left.
func (l *link) writeNow() error {
	for _, b := range l.bufs {
		l.flat = append(l.flat, b...)
	}
	l.putN, l.putErr = 0, nil
	if err := l.raw.Write(l.put); err != nil {
		return err
	}
	l.rest = l.flat[l.putN:]
	return l.putErr
}

// flush writes the batch: with one system call where the connection is plain, and as
// few records of TLS as it can be otherwise.
func (l *link) flush() error {
	if !l.secure {
		l.out = l.bufs
		_, err := l.out.WriteTo(l.conn)
		return err
	}
	for _, b := range l.bufs {
		if len(b) <= flatRecord {
			l.flat = append(l.flat, b...)
			continue
		}
		if err := l.flushFlat(); err != nil {
			return err
		}
		if _, err := l.conn.Write(b); err != nil {
			return err
		}
	}
	return l.flushFlat()
}

func (l *link) flushFlat() error {
	if len(l.flat) == 0 {
		return nil
	}
	_, err := l.conn.Write(l.flat)
	l.flat = l.flat[:0]
	return err
}

// --- reading -------------------------------------------------------------------

// read reads until the connection ends. The goroutine runs workers between two reads,
// and may be lost in a handler: what it has read of a record is in the link, so that
// another one can go on.
func (l *link) read() {
	for {
		err := l.readRecord()
		if err == errReaderGone {
			return
		}
		if err != nil {
			l.close(err)
			l.s.n.rt.Lend(l.s.node, l.s.incarnation, nil)
			l.ended <- struct{}{}
			return
		}
	}
}

// lend lets workers run on this goroutine before it waits for bytes that have not come.
func (l *link) lend(need int) error {
	if l.in.Buffered() >= need {
		return nil
	}
	select {
	case <-l.stop: // there is nothing to wait for
		return l.err
	default:
	}
	l.reader.Store(readerLent)
	l.s.n.rt.Lend(l.s.node, l.s.incarnation, l.lost)
	if !l.reader.CompareAndSwap(readerLent, readerHere) {
		return errReaderGone
	}
	return nil
}

// readOn reads on when the reader is lost in a handler.
func (l *link) readOn() {
	if l.reader.CompareAndSwap(readerLent, readerHere) {
		go l.read()
	}
}

var errReaderGone = errors.New("peer: the connection has ended meanwhile")

// readRecord reads a record, or a header alone.
func (l *link) readRecord() error {
	if !l.begun {
		if err := l.lend(headerSize); err != nil {
			return err
		}
		h, err := readHeader(l.in)
		if err != nil {
			return err
		}
		l.heard.Store(true)
		l.s.headers.Add(1)
		if err := l.s.confirm(h.received); err != nil {
			return err
		}
		if h.flags&flagBare != 0 {
			if h.flags&flagAsk != 0 {
				l.s.tell()
			}
			return nil
		}
		l.head, l.begun = h, true
	}
	if err := l.lend(int(l.head.size)); err != nil {
		return err
	}
	if err := l.take(l.head); err != nil {
		return err
	}
	l.begun = false
	l.s.received.Add(1)
	l.s.kick()
	return nil
}

// Read implements io.Reader for the bytes of a record: a large one is heard while it comes.
func (l *link) Read(b []byte) (int, error) {
	n, err := l.in.Read(b)
	if n > 0 {
		l.heard.Store(true)
	}
	return n, err
}

// take reads the bytes of a record, and hands its frame on if it is complete.
func (l *link) take(h header) error {
	s := l.s
	f := s.pieces
	s.pieces = nil
	if h.class != sfaas.Bulk || f == nil {
		if f != nil {
			s.pieces, f = f, nil // other classes come in between
		}
		f = s.n.rt.Frame(min(int(h.size), trusted))
		f.SetBytes(f.Bytes()[:0])
	}
	had := len(f.Bytes())
	b, err := readGrowing(l, f.Bytes(), int(h.size), trusted)
	f.SetBytes(b)
	if err != nil {
		if h.class == sfaas.Bulk && had > 0 { // the record comes again, what came before does not
			f.SetBytes(b[:had])
			s.pieces = f
		} else {
			f.Release()
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	switch {
	case h.flags&flagMore != 0 && len(b) > maxFrame:
		f.Release()
		return errWire
	case h.flags&flagMore != 0:
		s.pieces = f
		return nil
	}
	return s.n.deliver(s, h.class, f)
}
