// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/sfaas"
)

// files is the registry of a node, and how what it lacks comes from others.
//
// What has a hash may come from anybody: what does not have that hash is thrown away. Whether
// it is to be used is another question, which signatures answer, before a byte of it is asked
// for: see [Config].TrustedKeys.
type files struct {
	registry *accel.Registry
	keys     []ed25519.PublicKey
	send     func(to sfaas.NodeID, b []byte) error
	members  func() []sfaas.NodeID
	patience time.Duration // for an answer or a piece, before another member is asked

	mu     sync.Mutex
	coming map[fileSum]*transfer
	halves []half // what was broken off, for whoever asks again

	asked   chan question // of others
	reading struct {      // what was read last for them; the loop's own
		sum  fileSum
		data []byte
	}
}

// question is what another member wants of a file here.
type question struct {
	from sfaas.NodeID
	m    fileMessage
}

// maxQuestions bounds those that wait; who gets no answer asks again.
const maxQuestions = 256

// half is the beginning of a file.
type half struct {
	sum  fileSum
	data []byte
}

// maxHalves bounds the beginnings that are kept.
const maxHalves = 4

// transfer is a file that comes here.
type transfer struct {
	sum   fileSum
	heard chan fileSource // from who has it
	piece chan fileData
	ready chan struct{} // closed when it is over
	entry accel.Entry
	data  []byte
	from  map[sfaas.NodeID]bool // of whom data is; 0: of an earlier try
	err   error
}

type fileSource struct {
	node sfaas.NodeID
	size uint64
	data []byte
}

type fileData struct {
	node   sfaas.NodeID
	offset uint64
	data   []byte
}

// ErrNoFile is returned when no member has a file, as long as one was waited for.
var ErrNoFile = errors.New("placement: no member has the file")

func newFiles(cfg *Config, send func(sfaas.NodeID, []byte) error, members func() []sfaas.NodeID) *files {
	f := &files{registry: cfg.Registry, keys: cfg.TrustedKeys, send: send, members: members, patience: filePatience, coming: map[fileSum]*transfer{}, asked: make(chan question, maxQuestions)}
	if f.registry == nil {
		f.registry, _ = accel.NewRegistry() // no entries, no error
	}
	return f
}

// Registry returns the registry of the node: that of its [Config], with what has come from
// others.
func (n *Node) Registry() *accel.Registry { return n.files.registry }

// Model returns the model whose file has a SHA-256, in hex: from this node's registry, or else from
// a member that has it in its own, in pieces, over the connections of the zone; then it is in
// this registry as well. A transfer that is broken off goes on where it was, at another member if
// need be. It waits until ctx ends for a member that has the file.
//
// It returns an [*accel.TrustError] where [Config].TrustedKeys are given and none has signed
// it, [ErrNoFile] with the error of ctx, and the errors of [accel.Registry.Load].
func (n *Node) Model(ctx context.Context, sha256 string) (*accel.Model, error) {
	_, e, err := n.File(ctx, sha256)
	if err != nil {
		return nil, err
	}
	return n.files.registry.Load(e.Name, e.Version)
}

// File returns a file of the registry, whatever it is, as [Node.Model] does: the
// configuration of a part, say, which names models by their hashes. What a part is besides is
// code, which does not travel: it is compiled into every node that deploys the app.
func (n *Node) File(ctx context.Context, sha256 string) ([]byte, accel.Entry, error) {
	b, err := hex.DecodeString(sha256)
	if err != nil || len(b) != len(fileSum{}) {
		return nil, accel.Entry{}, &sfaas.OptionError{Option: "placement.Node.File", Got: sha256, Want: "a SHA-256 in hex"}
	}
	return n.files.get(ctx, n.ctx, fileSum(b))
}

// get returns a file; life ends what it begins.
func (f *files) get(ctx, life context.Context, sum fileSum) ([]byte, accel.Entry, error) {
	if e, ok := f.registry.Find(sum.String()); ok {
		if err := f.trusts(&e); err != nil {
			return nil, e, err
		}
		data, err := e.Read()
		return data, e, err
	}
	f.mu.Lock()
	x := f.coming[sum]
	first := x == nil
	if first {
		x = &transfer{sum: sum, heard: make(chan fileSource, 16), piece: make(chan fileData, 2*filesAhead), ready: make(chan struct{}), from: map[sfaas.NodeID]bool{}}
		if i := slices.IndexFunc(f.halves, func(h half) bool { return h.sum == sum }); i >= 0 {
			x.data, x.from[0] = f.halves[i].data, true
			f.halves = slices.Delete(f.halves, i, i+1)
		}
		f.coming[sum] = x
	}
	f.mu.Unlock()
	if !first { // somebody waits for it already: if he gives up, this one goes on
		select {
		case <-x.ready:
			if x.err != nil && ctx.Err() == nil && errors.Is(x.err, ErrNoFile) {
				return f.get(ctx, life, sum)
			}
			return x.data, x.entry, x.err
		case <-ctx.Done():
			return nil, accel.Entry{}, errors.Join(ErrNoFile, ctx.Err())
		case <-life.Done():
			return nil, accel.Entry{}, ErrLeft
		}
	}
	x.err = f.fetch(ctx, life, x)
	f.mu.Lock()
	delete(f.coming, sum)
	if x.err != nil && len(x.data) > 0 {
		f.halves = append(f.halves, half{sum, x.data})
		f.halves = f.halves[max(0, len(f.halves)-maxHalves):]
	}
	f.mu.Unlock()
	close(x.ready)
	if x.err != nil {
		return nil, accel.Entry{}, x.err
	}
	return x.data, x.entry, nil
}

// trusts returns an error where signatures are asked for and the entry has none of a trusted key.
func (f *files) trusts(e *accel.Entry) error {
	if len(f.keys) == 0 {
		return nil
	}
	return e.Verify(f.keys)
}

// others returns the members of the zone without this node.
func (n *Node) others() (all []sfaas.NodeID) {
	for _, m := range n.Members() {
		if m.Node != n.id {
			all = append(all, m.Node)
		}
	}
	return all
}

// readFile takes a message about a file, of a member.
func (n *Node) readFile(from sfaas.NodeID, b []byte) {
	n.mu.Lock()
	k := n.cards[from]
	n.mu.Unlock()
	if k == nil || k.left || from == n.id {
		return
	}
	if err := n.files.hear(from, b); err != nil {
		n.log.Warn("placement: what a node says of a file cannot be read", "from", from, "err", err)
	}
}

// run answers others until ctx ends: a file is read on this goroutine, so that nobody waits for it.
func (f *files) run(ctx context.Context, log *slog.Logger) {
	for {
		select {
		case q := <-f.asked:
			if err := f.answer(q.from, &q.m); err != nil {
				log.Warn("placement: a file cannot be sent", "to", q.from, "err", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// hear takes a message of a member. It does not block.
func (f *files) hear(from sfaas.NodeID, b []byte) error {
	m, err := parseFile(b)
	if err != nil {
		return err
	}
	switch m.kind {
	case fileWant, fileGet:
		select {
		case f.asked <- question{from, m}:
		default:
		}
		return nil
	}
	f.mu.Lock()
	x := f.coming[m.sum]
	f.mu.Unlock()
	if x == nil {
		return nil // it has come
	}
	if m.kind == fileHave {
		select {
		case x.heard <- fileSource{from, m.length, bytes.Clone(m.data)}:
		default: // enough have it
		}
		return nil
	}
	select {
	case x.piece <- fileData{from, m.offset, bytes.Clone(m.data)}:
	default: // more than were asked for
	}
	return nil
}

// answer says that there is a file, or sends a piece of it. What is read for one piece is kept
// for the next.
func (f *files) answer(to sfaas.NodeID, m *fileMessage) error {
	e, ok := f.registry.Find(m.sum.String())
	if !ok {
		return nil
	}
	if r := &f.reading; r.sum != m.sum {
		data, err := e.Read()
		if err != nil || len(data) > maxFileBytes {
			return cmp.Or(err, fmt.Errorf("placement: file %s has %d bytes, at most %d", e.Name, len(data), maxFileBytes))
		}
		r.sum, r.data = m.sum, data
	}
	data := f.reading.data
	answer := fileMessage{kind: fileHave, sum: m.sum, length: uint64(len(data))}
	if m.kind == fileWant {
		var err error
		if answer.data, err = entryJSON(&e); err != nil {
			return err
		}
	} else {
		if m.offset >= uint64(len(data)) {
			return nil
		}
		end := min(m.offset+min(m.length, maxPiece), uint64(len(data)))
		answer = fileMessage{kind: filePiece, sum: m.sum, offset: m.offset, data: data[m.offset:end]}
	}
	return f.send(to, answer.append(nil))
}
