// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/neuroran/neuroran/sfaas"
)

// A connection begins with two rounds of greetings, each begun by the end that dials. In
// the first one they say who they are, in the second they agree on a session:
//
//	magic "NRPEER" | version, one byte | 0 | length, uint32 | content
//	content: status, one byte | node, uint16 | incarnation, uint32 | session, uint64 |
//	         records received in that session, uint64 | hello of the runtime
//
// Who dials says that it goes on with a session, or wants a new one; who has accepted
// answers with what holds, and names a new session. It may also ask to try again later.
//
// After a refusal the content is the status and a text, before which stands, for a life that
// comes after a later one, the incarnation of that, uint32. Then there are records:
//
//	length, uint32 | class, one byte | flags, one byte | 0, uint16 | received, uint64
//	as many bytes
//
// Received says how many records of the other end have come, in all connections of
// the session. Those that have not are sent again on the next connection:
// so a session outlives a connection, and nothing in it is lost, repeated or changes
// its place. A record is a frame, or a piece of one; a header without one says only
// how much has come, and that the node lives. Numbers are little-endian.
const (
	magic       = "NRPEER"
	wireVersion = 2

	prefaceSize  = 12
	greetingHead = 23
	maxGreeting  = 64 << 20
	maxWho       = 1 << 10 // of the first round, and of refusals

	headerSize = 16
	flagMore   = 1 // the frame goes on in the next record of its class
	flagBare   = 2 // no record: a header alone
	flagAsk    = 4 // of one alone: say at once what has come

	pieceSize = 256 << 10 // of Bulk frames, so that others get in between
	maxRecord = 128 << 20
	maxFrame  = 1 << 30
	trusted   = 4 << 20  // from here on memory follows what has come,
	unknown   = 64 << 10 // and from here on in a greeting: anybody may send one

	statusNew     = 0 // a session begins
	statusResume  = 1 // it goes on
	statusRefused = 2 // the content is why
	statusLater   = 3 // the same for now; without a reason: the other end connects itself
	statusWho     = 4 // first round: this is who I am
	statusStale   = 5 // as statusRefused: a later life of the other end is known
	statusTaken   = 6 // as statusLater: the content is the life that has this number, and its address
)

var errWire = errors.New("peer: not the bytes of a node")

// greeting is what one end says before the first record.
type greeting struct {
	status      byte
	node        sfaas.NodeID
	incarnation uint32
	session     uint64
	received    uint64
	hello       []byte
	reason      string
}

// no reports whether a status has a reason for content, and nothing else.
func no(status byte) bool {
	return status == statusRefused || status == statusLater || status == statusStale || status == statusTaken
}

func (g *greeting) append(b []byte) []byte {
	b = append(append(b, magic...), wireVersion, 0)
	at := len(b)
	b = append(b, 0, 0, 0, 0, g.status)
	if g.status == statusStale || g.status == statusTaken {
		b = binary.LittleEndian.AppendUint32(b, g.incarnation)
	}
	if no(g.status) {
		b = append(b, g.reason...)
	} else {
		b = binary.LittleEndian.AppendUint16(b, uint16(g.node))
		b = binary.LittleEndian.AppendUint32(b, g.incarnation)
		b = binary.LittleEndian.AppendUint64(b, g.session)
		b = binary.LittleEndian.AppendUint64(b, g.received)
		b = append(b, g.hello...)
	}
	binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}

// readGreeting reads a greeting of at most a size. It returns a [*RefusedError] for a
// refusal, and an errLater, or errOtherWay, for one that holds for now.
func readGreeting(r io.Reader, most uint32) (*greeting, error) {
	var head [prefaceSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	if string(head[:6]) != magic {
		return nil, fmt.Errorf("%w: no greeting", errWire)
	}
	if head[6] != wireVersion || head[7] != 0 {
		return nil, fmt.Errorf("%w: version %d, want %d", errWire, head[6], wireVersion)
	}
	n := binary.LittleEndian.Uint32(head[8:])
	if n < 1 || n > most {
		return nil, fmt.Errorf("%w: greeting of %d bytes, want 1 to %d", errWire, n, most)
	}
	b, err := readGrowing(r, nil, int(n), unknown)
	if err != nil {
		return nil, err
	}
	g := &greeting{status: b[0]}
	switch {
	case g.status == statusRefused:
		return nil, &RefusedError{Reason: string(b[1:])}
	case g.status == statusStale && n >= 5:
		return nil, &RefusedError{Reason: string(b[5:]), Last: binary.LittleEndian.Uint32(b[1:])}
	case g.status == statusLater && n == 1:
		return nil, errOtherWay
	case g.status == statusLater:
		return nil, fmt.Errorf("%w: %s", errLater, b[1:])
	case g.status == statusTaken && n >= 5:
		return nil, &TakenError{Incarnation: binary.LittleEndian.Uint32(b[1:]), Address: string(b[5:])}
	case g.status > statusWho || len(b) < greetingHead:
		return nil, fmt.Errorf("%w: greeting", errWire)
	}
	g.node, g.incarnation = sfaas.NodeID(binary.LittleEndian.Uint16(b[1:])), binary.LittleEndian.Uint32(b[3:])
	g.session, g.received = binary.LittleEndian.Uint64(b[7:]), binary.LittleEndian.Uint64(b[15:])
	g.hello = b[greetingHead:]
	return g, nil
}

// errLater wraps why the other end does not want to be connected at this moment.
var errLater = errors.New("peer: not now")

// readGrowing appends n bytes to b. What is larger than a piece gets its memory as its bytes
// come: as much again as there is already.
func readGrowing(r io.Reader, b []byte, n, piece int) ([]byte, error) {
	for n > 0 {
		step := min(n, max(piece, min(len(b), trusted)))
		at := len(b)
		if cap(b)-at < step {
			b = append(b, make([]byte, step)...)
		} else {
			b = b[:at+step]
		}
		if _, err := io.ReadFull(r, b[at:]); err != nil {
			return b, err
		}
		n -= step
	}
	return b, nil
}

// header is what stands before a record.
type header struct {
	size     uint32
	class    sfaas.FrameClass
	flags    byte
	received uint64
}

func (h *header) put(b []byte) {
	binary.LittleEndian.PutUint32(b, h.size)
	b[4], b[5], b[6], b[7] = byte(h.class), h.flags, 0, 0
	binary.LittleEndian.PutUint64(b[8:], h.received)
}

// readHeader reads the header of a record, or one alone.
func readHeader(r *bufio.Reader) (h header, err error) {
	b, err := r.Peek(headerSize)
	if err != nil {
		if err == io.EOF && len(b) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return h, err
	}
	h = header{binary.LittleEndian.Uint32(b), sfaas.FrameClass(b[4]), b[5], binary.LittleEndian.Uint64(b[8:])}
	bare := h.flags&^flagAsk == flagBare && h.size == 0
	record := h.flags&^flagMore == 0 && h.size > 0 && h.size <= maxRecord
	if !bare && !record || h.class > sfaas.HostFrames || h.flags&flagMore != 0 && h.class != sfaas.Bulk || b[6]|b[7] != 0 {
		return h, fmt.Errorf("%w: header %x", errWire, b)
	}
	_, err = r.Discard(headerSize)
	return h, err
}
