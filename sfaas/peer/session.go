// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// session is what there is between this node and one life of another one's runtime. It
// outlives connections: records that the other end has not received are kept, and
// written again on the next one.
//
//	queues ──collect──► records: ... written ... │ to be written
//	                             ▲ first         ▲ next
//
// Records before first have been received at the other end, those from next on are to
// be written on the present connection.
type session struct {
	n           *Node
	node        sfaas.NodeID
	incarnation uint32
	id          uint64 // both ends have it under this number

	delivers sync.Mutex // held while a frame is handed to the runtime
	replaced bool       // guarded by delivers: another session has its place

	mu         sync.Mutex
	queues     [3]queue // by class
	records    []record
	first      int       // in records, its number is
	base       uint64    // this one
	next       int       // in records
	written    uint64    // numbers below are all on the present connection
	confirmed  uint64    // what the other end says it has received
	link       *link     // the present connection, nil for none
	sleeps     bool      // its writer
	fresh      int       // bytes that have been sent since the last batch
	corked     bool      // a frame waits for the one that follows it at once,
	later      int       // and so many for any other one, or for the timer
	timer      timer     // lets go what can wait
	inline     bool      // who sends is writing, instead of it
	still      sync.Cond // nobody is inline any more
	acks       bool      // the other end is to be told what has come, when the timer goes off
	tells      bool      // and at once
	asks       bool      // it is asked for the same
	generation int       // of attempts to connect: the last one holds
	attached   int       // of which so many have succeeded
	ended      bool
	alone      *time.Timer // runs while there is no connection: see awaitNext

	received atomic.Uint64 // records that have come
	headers  atomic.Uint64 // headers that have come, with records and alone: see Node.Ping
	pieces   *sfaas.Frame  // of a frame that comes in pieces; of the reader
}

func newSession(n *Node, node sfaas.NodeID, incarnation uint32, id uint64) *session {
	s := &session{n: n, node: node, incarnation: incarnation, id: id}
	s.still.L = &s.mu
	return s
}

// record is a frame, or a piece of one, on its way.
type record struct {
	f     *sfaas.Frame // released when the record has been received; nil but for the last piece
	data  []byte       // nil for all parts of the frame
	size  int
	class sfaas.FrameClass
	flags byte
}

// queue holds frames that wait.
type queue struct {
	list []waiting
	head int
}

type waiting struct {
	f    *sfaas.Frame
	size int
	data []byte // of a Bulk frame, what of it has not become a record
}

func (q *queue) empty() bool { return q.head == len(q.list) }

func (q *queue) push(w waiting) {
	if q.head > 64 && q.head*2 > len(q.list) {
		n := copy(q.list, q.list[q.head:])
		clear(q.list[n:])
		q.list, q.head = q.list[:n], 0
	}
	q.list = append(q.list, w)
}

func (q *queue) pop() waiting {
	w := q.list[q.head]
	q.list[q.head] = waiting{}
	if q.head++; q.head == len(q.list) {
		q.list, q.head = q.list[:0], 0
	}
	return w
}

// timer goes off once, laterTime after it was armed first.
type timer struct {
	t     *time.Timer
	armed bool
}

// What can wait does so for laterTime at most, and for as many others of its kind.
const (
	laterTime = 500 * time.Microsecond
	laterMost = 16
)

func (t *timer) arm(f func()) {
	switch {
	case t.armed:
	case t.t == nil:
		t.t = time.AfterFunc(laterTime, f)
	default:
		t.t.Reset(laterTime)
	}
	t.armed = true
}

func (t *timer) stop() {
	if t.t != nil {
		t.t.Stop()
	}
}

var (
	errEnded    = errors.New("peer: session has ended")
	errTooLarge = fmt.Errorf("peer: a message of more than %d bytes", maxRecord)
)

// Send implements sfaas.Transport.
func (s *session) Send(_ sfaas.NodeID, class sfaas.FrameClass, f *sfaas.Frame) error {
	size := f.Size()
	if class != sfaas.Bulk && size > maxRecord {
		return errTooLarge
	}
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return errEnded
	}
	w := waiting{f: f, size: size}
	if class == sfaas.Bulk {
		w.data = f.Bytes()
	}
	s.queues[class].push(w)
	s.fresh += size
	switch {
	case f.Follows():
		s.corked = true
		s.mu.Unlock()
	case f.CanWait() && !s.corked && s.later < laterMost:
		s.later++
		s.timer.arm(s.late)
		s.mu.Unlock()
	default:
		s.leave()
	}
	return nil
}

// leave lets what has been sent go. It unlocks the session.
//
// Who sends writes itself while the writer sleeps, and the kernel takes it at once: two
// changes of goroutines less than with the writer.
func (s *session) leave() {
	wake, l := s.sleeps, s.link
	s.sleeps = false
	if !wake || l.raw == nil || s.fresh > inlineBytes {
		s.mu.Unlock()
		if wake {
			l.rouse()
		}
		return
	}
	s.inline = true
	s.fill(l)
	if l.count == 0 && s.acks {
		l.addBare(0, s.received.Load())
		s.acks = false
	}
	s.mu.Unlock()
	s.writeInline(l)
}

// late lets go what could wait, when its time is over.
func (s *session) late() {
	s.mu.Lock()
	if s.timer.armed = false; s.later > 0 || s.acks {
		s.leave()
		return
	}
	s.mu.Unlock()
}

// writeInline writes what has been collected without waiting for the writer to wake, or
// for anything else: what the kernel does not take at once is left to the writer.
func (s *session) writeInline(l *link) {
	err := l.writeNow()
	s.mu.Lock()
	s.inline = false
	s.still.Broadcast()
	if s.link == l && len(l.rest) == 0 {
		s.written = s.base + uint64(s.next-s.first)
		s.prune()
	}
	more := len(l.rest) > 0 || s.waits() || s.tells || s.asks
	s.sleeps = !more && s.link == l
	s.mu.Unlock()
	switch {
	case err != nil:
		l.close(err)
	case more:
		l.rouse()
	}
}

// waits reports whether anything is to be written.
func (s *session) waits() bool {
	return s.next < len(s.records) || !s.queues[0].empty() || !s.queues[1].empty() || !s.queues[2].empty()
}

const (
	batchRecords = 64 // written at once
	batchBytes   = 1 << 20
)

// collect puts what is to be written next into the connection's batch: what has to be
// written again, then frames by class, large ones piece by piece, and what the other
// end is to know. It reports whether there is anything; if not, the writer sleeps.
func (s *session) collect(l *link, beat bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inline {
		return false // whoever writes wakes the writer if there is more
	}
	s.sleeps = false // a heartbeat wakes it too
	s.fill(l)
	switch {
	case s.asks:
		l.addBare(flagAsk, s.received.Load())
	case l.count > 0 || len(l.bufs) > 0:
	case s.acks || s.tells || beat:
		l.addBare(0, s.received.Load())
	default:
		s.sleeps = true
		return false
	}
	s.acks, s.tells, s.asks = false, false, false
	return true
}

// fill puts records into the batch, behind what is left of the last one.
func (s *session) fill(l *link) {
	l.reset()
	s.fresh, s.corked, s.later = 0, false, 0
	for l.count < batchRecords && l.bytes < batchBytes {
		if s.next == len(s.records) && !s.draw() {
			break
		}
		l.add(&s.records[s.next], s.received.Load())
		s.next++
	}
	if l.count > 0 {
		s.acks, s.tells = false, false
	}
}

// draw makes a record of what waits first.
func (s *session) draw() bool {
	for _, class := range [...]sfaas.FrameClass{sfaas.HostFrames, sfaas.Ordered, sfaas.Bulk} {
		q := &s.queues[class]
		if q.empty() {
			continue
		}
		w := &q.list[q.head]
		if class == sfaas.Bulk && len(w.data) > pieceSize {
			s.records = append(s.records, record{data: w.data[:pieceSize], size: pieceSize, class: class, flags: flagMore})
			w.data = w.data[pieceSize:]
			return true
		}
		x := q.pop()
		r := record{f: x.f, data: x.data, size: x.size, class: class}
		if class == sfaas.Bulk {
			r.size = len(x.data)
		}
		s.records = append(s.records, r)
		return true
	}
	return false
}

// wrote notes that everything collected is on the connection.
func (s *session) wrote(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == l {
		s.written = s.base + uint64(s.next-s.first)
		s.prune()
	}
}

// confirm takes what the other end says it has received.
func (s *session) confirm(n uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n < s.confirmed || n > s.base+uint64(s.next-s.first) {
		return errWire
	}
	s.confirmed = n
	s.prune()
	return nil
}

// prune lets go of what has been received. A record that is being written is not let
// go, whatever the other end says.
func (s *session) prune() {
	for upTo := min(s.confirmed, s.written); s.base < upTo; s.base++ {
		if f := s.records[s.first].f; f != nil {
			f.Release()
		}
		s.records[s.first] = record{}
		s.first++
	}
	if s.first == len(s.records) || (s.first > 64 && 2*s.first > len(s.records)) {
		left := copy(s.records, s.records[s.first:])
		clear(s.records[left:])
		s.records, s.next, s.first = s.records[:left], s.next-s.first, 0
	}
}

// stale reports whether the other end has said since that it has received more.
func (s *session) stale(received uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return received < s.confirmed
}

// resume goes on at what the other end has received, on a connection that is to begin.
func (s *session) resume(received uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if received < s.confirmed || received > s.base+uint64(len(s.records)-s.first) {
		return errWire
	}
	s.confirmed, s.written = received, received
	s.next = len(s.records)
	s.prune()
	s.next = s.first
	return nil
}

// begin says that somebody is about to connect, and returns what the last one to do so
// attaches with. The present connection ends, and nothing more comes from it.
func (s *session) begin() (generation int) {
	s.mu.Lock()
	l := s.link
	s.generation++
	generation = s.generation
	s.mu.Unlock()
	if l != nil {
		l.close(errReplaced)
		<-l.done
	}
	return generation
}

var errReplaced = errors.New("peer: another connection takes its place")

// attach makes a connection the present one, unless somebody has begun to connect since. What
// is sent waits until its writer runs.
func (s *session) attach(l *link, generation int) bool {
	s.mu.Lock()
	ok := !s.ended && s.generation == generation && s.link == nil
	if ok {
		s.link, s.sleeps = l, false
		s.attached++
		if s.alone != nil {
			s.alone.Stop()
		}
	}
	s.mu.Unlock()
	return ok
}

// detach notes that a connection has ended. Whoever writes on it instead of its writer
// has to end first: what is written must not be let go, and the next connection must
// find nobody inline, since it is this one's writer who would be woken.
func (s *session) detach(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.inline && s.link == l {
		s.still.Wait()
	}
	if s.link == l {
		s.link, s.sleeps = nil, false
	}
}

// Lost returns a channel that is closed when the present connection ends, or if there is none:
// see sfaas.Transport.
func (s *session) Lost() <-chan struct{} {
	if l := s.live(); l != nil {
		return l.stop
	}
	return ended
}

// ended is a channel that is closed.
var ended = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// live returns the present connection.
func (s *session) live() *link {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link
}

// kick lets the other end know what has come, with the next frame or soon.
func (s *session) kick() {
	s.mu.Lock()
	s.acks = true
	s.timer.arm(s.late)
	s.mu.Unlock()
}

// tell lets the other end know at once.
func (s *session) tell() { s.rouse(func() { s.tells = true }) }

// ask asks the other end what has come.
func (s *session) ask() { s.rouse(func() { s.asks = true }) }

// rouse changes something that the writer looks for.
func (s *session) rouse(change func()) {
	s.mu.Lock()
	change()
	wake, l := s.sleeps, s.link
	s.sleeps = false
	s.mu.Unlock()
	if wake && l != nil {
		l.rouse()
	}
}

// idle reports whether everything has been received at the other end.
func (s *session) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended || (s.first == len(s.records) && !s.waits())
}

// end lets go of everything, and of the present connection.
func (s *session) end(err error) {
	s.mu.Lock()
	s.ended = true
	if s.alone != nil {
		s.alone.Stop()
	}
	s.timer.stop()
	l := s.link
	s.mu.Unlock()
	if l != nil {
		l.close(err)
		<-l.done
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.records {
		if x.f != nil {
			x.f.Release()
		}
	}
	for i := range s.queues {
		for q := &s.queues[i]; !q.empty(); {
			q.pop().f.Release()
		}
	}
	s.records = nil
}
