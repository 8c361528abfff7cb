// SPDX-License-Identifier: Apache-2.0

package state

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// A frame is what one runtime says to another one:
//
//	kind, one byte | place, uint64 | content
//
// The place counts the ordered frames of a connection. In an ordered frame it is its
// own; in another one it is that of the last ordered frame before, which is read
// first. Parts, functions, edges and outlets are numbers of the sender's [Hello].
// Moments are how long there is left, or a slot; those of the program in cells and
// payloads are moved from one clock to the other.
const (
	FrameMessage = 1 // a message for a unit
	FrameAck     = 2 // a message is done with, or waits
	FrameSignal  = 3 // about a unit, or the rest of a part
	FrameReply   = 4 // the answer to a call of host code
	FrameRequest = 5 // host code asks for something
	FrameAnswer  = 6 // what became of that
	FrameBye     = 7 // the runtime has closed

	frameHead = 9
)

// errNoPart says that a frame is about a part which the graph does not have: it is of
// no interest here.
var errNoPart = errors.New("no such part")

// AppendHead begins a frame.
func AppendHead(dst []byte, kind byte, place uint64) []byte {
	return binary.LittleEndian.AppendUint64(append(dst, kind), place)
}

// SetPlace gives a frame its place.
func SetPlace(frame []byte, place uint64) { binary.LittleEndian.PutUint64(frame[1:], place) }

// CutHead reads the beginning of a frame.
func CutHead(frame []byte) (kind byte, place uint64, content []byte, err error) {
	if len(frame) < frameHead {
		return 0, 0, nil, base.Errorf("%w: %w", base.ErrFrame, base.ErrTruncated)
	}
	return frame[0], binary.LittleEndian.Uint64(frame[1:]), frame[frameHead:], nil
}

// Request is something that host code of another runtime asks for.
type Request struct {
	ID   uint64    // names its answer
	Op   byte      // what is asked for
	Unit base.Unit // of OpPrepare and OpUnprepare
}

// What host code can ask for.
const (
	OpPrepare   = 1 // open the resources of a unit's part
	OpUnprepare = 2 // they are not needed any more
	OpSettle    = 3 // answer when everything sent before has been read

	lastOp = 3
)

// AppendRequest appends a request. Units in it are named: the part need not be known.
func AppendRequest(b []byte, q Request) []byte {
	b = append(binary.AppendUvarint(b, q.ID), q.Op)
	return q.Unit.Root.AppendBinary(base.AppendString(b, q.Unit.Part))
}

// ReadRequest is the inverse of [AppendRequest].
func ReadRequest(content []byte) (Request, error) {
	r := &base.Reader{Src: content}
	q := Request{ID: r.Uint(), Op: r.Byte(), Unit: base.Unit{Part: r.Text(), Root: r.Key()}}
	if q.Op == 0 || q.Op > lastOp {
		r.Fail(base.ErrInvalid)
	}
	return q, frameError("request", r.End())
}

// AppendAnswer appends the outcome of a request.
func AppendAnswer(b []byte, id uint64, err error) []byte {
	return appendError(binary.AppendUvarint(b, id), err)
}

// ReadAnswer is the inverse of [AppendAnswer].
func ReadAnswer(content []byte) (id uint64, outcome, err error) {
	r := &base.Reader{Src: content}
	id, outcome = r.Uint(), readError(r)
	return id, outcome, frameError("answer", r.End())
}

// frameError says that the bytes of a frame are wrong, and where.
func frameError(what string, err error) error {
	if err == nil {
		return nil
	}
	return base.Errorf("%w: %s: %w", base.ErrFrame, what, err)
}

// String returns the name of a kind of frames, for errors.
func frameName(kind byte) string {
	names := [...]string{"", "message", "acknowledgement", "signal", "reply", "request", "answer", "bye"}
	if kind > 0 && int(kind) < len(names) {
		return names[kind]
	}
	return fmt.Sprintf("frame of kind %d", kind)
}
