// SPDX-License-Identifier: Apache-2.0

package beat

import (
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/neuroran/neuroran/sfaas"
)

// Notes carries what a process would have known should it be killed in the next moment: one
// datagram per slot to each who stands by for it, who reads them when it has time to, or when
// the process has died.
//
//	owner  ── note ──>  socket of the standby     every slot
//	owner  ── note ──>  socket                    nobody is woken
//	owner     ×         standby reads all         per round, and at once when the owner dies
//
// What the kernel of the standby's host has got survives the owner, and costs the standby no
// wake-up. What does not arrive is made good by a later note, so notes say how things stand, and
// not what has changed. The socket holds some hundred of them; those that come when it is full
// are lost.
//
// All methods may be called concurrently.
type Notes struct {
	cfg   Config
	box   *mailbox
	to    atomic.Pointer[[]netip.AddrPort]
	spare chan *Note

	reading sync.Mutex
	closed  bool
	code    *codec
	in      [maxNote + 1]byte
}

// Note is a datagram that is being written:
//
//	0      4     6     8             12     12+n   28+n
//	| magic | node | 0  | incarnation | body | code |
//
// All numbers are little-endian. Code is as in a [Beat].
type Note struct {
	Body []byte // to be appended to, up to MaxBody bytes
	b    [maxNote]byte
	code *codec
	of   *[]netip.AddrPort // what to was made of
	to   []target          // the note's own: to send to one writes to it
}

const (
	noteMagic = "nrn1"
	noteHead  = 12
	maxNote   = 1232 // what every path of IPv6 carries in one piece
	// MaxBody is how many bytes a note says at most.
	MaxBody = maxNote - noteHead - codeSize
)

// spareNotes is how many notes are kept: more than there are workers that write at once.
const spareNotes = 16

var errNote = errors.New("beat: no note of this deployment")

// OpenNotes opens the socket of a process: of cfg its node, life, key and host count. The
// caller closes it when nobody sends any more.
func OpenNotes(cfg Config) (*Notes, error) {
	box, err := openMailbox(cfg.Host)
	if err != nil {
		return nil, err
	}
	n := &Notes{cfg: cfg, box: box, spare: make(chan *Note, spareNotes), code: newCodec(cfg.Key)}
	n.to.Store(new([]netip.AddrPort))
	return n, nil
}

// Address returns where others send their notes to.
func (n *Notes) Address() netip.AddrPort { return n.box.address }

// Tell sets who gets notes from now on.
func (n *Notes) Tell(to []netip.AddrPort) {
	if slices.Equal(*n.to.Load(), to) {
		return // those who write have them
	}
	all := slices.Clone(to)
	n.to.Store(&all)
}

// Heard reports whether anybody gets notes.
func (n *Notes) Heard() bool { return len(*n.to.Load()) > 0 }

// Begin returns an empty note, which is the caller's until Send. It does not wait, and allocates
// only if more are under way at once than ever before.
func (n *Notes) Begin() *Note {
	select {
	case x := <-n.spare:
		x.Body = x.b[noteHead:noteHead]
		return x
	default:
	}
	x := &Note{code: newCodec(n.cfg.Key)}
	x.Body = x.b[noteHead:noteHead]
	return x
}

// Send sends a note to all who are told, if it has a body, and takes it back. It does not wait.
func (n *Notes) Send(x *Note) {
	if size := len(x.Body); size > 0 && size <= MaxBody {
		b := x.seal(n.cfg.Node, n.cfg.Incarnation)
		if of := n.to.Load(); x.of != of { // rarely
			x.of, x.to = of, x.to[:0]
			for _, a := range *of {
				x.to = append(x.to, targetOf(a))
			}
		}
		for i := range x.to {
			n.box.send(b, &x.to[i]) // what does not get there is lost: the next one follows
		}
	}
	select {
	case n.spare <- x:
	default:
	}
}

// seal writes what is around the body, and returns all of it.
func (x *Note) seal(node sfaas.NodeID, incarnation uint32) []byte {
	end := noteHead + copy(x.b[noteHead:], x.Body)
	copy(x.b[:], noteMagic)
	binary.LittleEndian.PutUint16(x.b[4:], uint16(node))
	binary.LittleEndian.PutUint16(x.b[6:], 0)
	binary.LittleEndian.PutUint32(x.b[8:], incarnation)
	copy(x.b[end:], x.code.code(x.b[:end]))
	return x.b[:end+codeSize]
}

// mostAtOnce is how many datagrams a call of Read takes: more than a socket holds, so that whoever
// floods it does not keep the reader.
const mostAtOnce = 1 << 14

// Read calls f with the body of each note that has come, which f must not keep, and says in which
// life of which node it was written.
func (n *Notes) Read(f func(node sfaas.NodeID, incarnation uint32, body []byte)) {
	n.reading.Lock()
	defer n.reading.Unlock()
	for range mostAtOnce {
		if n.closed {
			return
		}
		size, ok := n.box.receive(n.in[:])
		if !ok {
			return
		}
		if node, incarnation, body, err := n.code.openNote(n.in[:size]); err == nil {
			f(node, incarnation, body)
		}
	}
}

// openNote reads a note. Whatever the bytes are, it returns an error or what somebody with the
// key has written.
func (c *codec) openNote(src []byte) (node sfaas.NodeID, incarnation uint32, body []byte, err error) {
	end := len(src) - codeSize
	if end <= noteHead || end > noteHead+MaxBody || string(src[:4]) != noteMagic || src[6] != 0 || src[7] != 0 {
		return 0, 0, nil, errNote
	}
	if !hmac.Equal(src[end:], c.code(src[:end])) {
		return 0, 0, nil, errNote
	}
	return sfaas.NodeID(binary.LittleEndian.Uint16(src[4:])), binary.LittleEndian.Uint32(src[8:]), src[noteHead:end], nil
}

// Close closes the socket. It is idempotent.
func (n *Notes) Close() error {
	n.reading.Lock()
	defer n.reading.Unlock()
	if n.closed {
		return nil
	}
	n.closed = true
	return n.box.close()
}
