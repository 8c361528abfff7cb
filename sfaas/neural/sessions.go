// SPDX-License-Identifier: Apache-2.0

package neural

import (
	"crypto/sha256"
	"errors"
	"sync"
	"unsafe"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/tensor"
)

// maxSessions is how many networks of keys a runtime keeps open; the one that
// was used longest ago goes first and is opened again from its cell.
const maxSessions = 64

// sessions is the open networks of a runtime, by the hash of their bytes. It is
// shared by the workers. Opening takes from milliseconds to seconds, so it
// happens outside the lock: a key waits for its own network only.
type sessions struct {
	cfg  *Config
	base *accel.Session

	mu   sync.Mutex
	open map[[32]byte]*entry
	tick uint64
}

// entry is one network, opened by the first who needs it.
type entry struct {
	used    uint64 // tick of the last use; sessions.mu is held
	once    sync.Once
	session *accel.Session // nil after once where err says why
	err     error
}

// close closes the network. Who has yet to open it gets [accel.ErrClosed].
func (e *entry) close() error {
	e.once.Do(func() { e.err = accel.ErrClosed })
	if e.session == nil {
		return nil
	}
	return e.session.Close()
}

func openSessions(cfg *Config) (*sessions, error) {
	base, err := cfg.open(cfg.Model.Bytes())
	if err != nil {
		return nil, err
	}
	return &sessions{cfg: cfg, base: base, open: map[[32]byte]*entry{}}, nil
}

// find returns the session of a key's weights, or the base for a key without.
func (p *sessions) find(w *state) (*accel.Session, error) {
	if w == nil {
		return p.base, nil
	}
	return p.get(w.Sum, w.Model.Data())
}

// add opens the session of new weights and returns their hash.
func (p *sessions) add(data []byte) ([32]byte, error) {
	sum := sha256.Sum256(data)
	_, err := p.get(sum, data)
	return sum, err
}

// get returns an open session, opening it where needed.
func (p *sessions) get(sum [32]byte, data []byte) (*accel.Session, error) {
	e, displaced := p.entry(sum)
	if displaced != nil {
		if err := displaced.close(); err != nil {
			return nil, err
		}
	}
	e.once.Do(func() { e.session, e.err = p.cfg.open(data) })
	if e.err == nil {
		return e.session, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[sum] == e { // the next one tries again
		delete(p.open, sum)
	}
	return nil, e.err
}

// entry returns the entry of a hash, and one that it has displaced, which the
// caller closes: that waits for who runs on it.
func (p *sessions) entry(sum [32]byte) (e, displaced *entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tick++
	if e = p.open[sum]; e == nil {
		if len(p.open) >= maxSessions {
			displaced = p.evict()
		}
		e = &entry{}
		p.open[sum] = e
	}
	e.used = p.tick
	return e, displaced
}

// evict takes out the entry that was used longest ago; p.mu is held.
func (p *sessions) evict() *entry {
	var oldest [32]byte
	used := p.tick + 1
	for sum, e := range p.open {
		if e.used < used {
			oldest, used = sum, e.used
		}
	}
	e := p.open[oldest]
	delete(p.open, oldest)
	return e
}

func (p *sessions) close() error {
	errs := []error{p.base.Close()}
	for _, e := range p.open {
		errs = append(errs, e.close())
	}
	return errors.Join(errs...)
}

// maxBindings is how many pairs of message buffers a worker keeps bound.
const maxBindings = 256

// bindings is the bound pairs of message buffers of one worker: the messages of
// an edge come from a bounded pool, so the same pairs return.
type bindings struct {
	bound map[pair]*accel.Binding
}

// pair is a session with the memory that it is bound to. The shape belongs to
// it: a message of another width in the same memory is another pair, which Bind
// refuses, and must not be answered with what lies there from before.
type pair struct {
	session     *accel.Session
	in, out     unsafe.Pointer
	rows, width int // of the input
}

func newBindings() *bindings { return &bindings{bound: map[pair]*accel.Binding{}} }

// run runs a session from one tensor to another.
func (l *bindings) run(s *accel.Session, in, out *tensor.Tensor[float32]) error {
	if in.Len() == 0 {
		return nil // an empty batch has no results
	}
	key := pair{s, unsafe.Pointer(unsafe.SliceData(in.Data())), unsafe.Pointer(unsafe.SliceData(out.Data())), in.Dim(0), in.Dim(1)}
	b := l.bound[key]
	if b == nil {
		if len(l.bound) >= maxBindings {
			if err := l.close(); err != nil {
				return err
			}
		}
		var err error
		if b, err = s.Bind([]accel.Buffer{accel.Of(in)}, []accel.Buffer{accel.Of(out)}); err != nil {
			return err
		}
		l.bound[key] = b
	}
	return b.Run()
}

// close releases every binding.
func (l *bindings) close() error {
	var errs []error
	for _, b := range l.bound {
		errs = append(errs, b.Close())
	}
	clear(l.bound)
	return errors.Join(errs...)
}
