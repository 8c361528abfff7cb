// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"

	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// Host is what host code pushes into: a [Runtime] or a simulator. Programs
// pass it to [Input.Push], [Input.Position] and [Callee.Invoke] and have no use for its methods.
type Host interface {
	// Draft returns an empty message of a source under a key, or ErrBusy.
	Draft(from core.SourceRef, key Key) (*core.Message, error)
	// Discard takes back a message that will not be sent.
	Discard(m *core.Message)
	// Inject sends a message whose slot is set.
	Inject(m *core.Message) error
	// Invoke sends a message as a call and waits for its reply.
	Invoke(ctx context.Context, m *core.Message) (*core.Message, error)
	// Pushed returns how far a source has come under a key, false if nothing
	// is known about it.
	Pushed(from core.SourceRef, key Key) (Position, bool)
}

// Retry returns a host that pushes into h, and asks whether to try once more when
// that refuses: with [ErrBusy], or with a [*MovedError] while a unit has no owner that can be
// reached. Again may wait for what it knows of, such as the next route, and returns
// whether to try again; if not, the push returns the error. It is called on the
// goroutine that pushes, and for nothing but pushes: calls are not repeated. A push that is
// taken at once costs nothing more, and does not allocate. Without again it is h.
func Retry(h Host, again func(err error) bool) Host {
	if again == nil {
		return h
	}
	return &retrying{h, again}
}

type retrying struct {
	Host
	again func(error) bool
}

// Draft implements [Host].
func (r *retrying) Draft(from core.SourceRef, key Key) (*core.Message, error) {
	for {
		m, err := r.Host.Draft(from, key)
		if err == nil || from.Outlet == nil || !r.again(err) {
			return m, err
		}
	}
}

// Ask returns a host that asks before each push and call into h whether it may be made:
// what may returns is then what the push returns. So whoever meters a unit refuses what is
// beyond its limits. May is called on the goroutine that pushes. Without may it is h.
func Ask(h Host, may func(key Key) error) Host {
	if may == nil {
		return h
	}
	return &asking{h, may}
}

type asking struct {
	Host
	may func(Key) error
}

// Draft implements [Host].
func (a *asking) Draft(from core.SourceRef, key Key) (*core.Message, error) {
	if err := a.may(key); err != nil {
		return nil, err
	}
	return a.Host.Draft(from, key)
}

// Watch returns a host that pushes into h and tells of it: pushed of what h has taken in, and
// refused of what it has not. So whoever promises something for each slot knows which there
// were. Both are called on the goroutine that pushes, and must not block; either may be nil.
// Calls are not told of, and neither is a message that the program fails to fill in.
func Watch(h Host, pushed func(key Key, slot Slot), refused func(key Key, err error)) Host {
	return &watching{h, pushed, refused}
}

type watching struct {
	Host
	pushed  func(Key, Slot)
	refused func(Key, error)
}

// Draft implements [Host].
func (w *watching) Draft(from core.SourceRef, key Key) (*core.Message, error) {
	m, err := w.Host.Draft(from, key)
	if err != nil && w.refused != nil && from.Outlet != nil {
		w.refused(key, err)
	}
	return m, err
}

// Inject implements [Host].
func (w *watching) Inject(m *core.Message) error {
	key, slot := m.Key, m.Slot // it is somebody else's as soon as it is sent
	err := w.Host.Inject(m)
	switch {
	case err == nil && w.pushed != nil:
		w.pushed(key, slot)
	case err != nil && w.refused != nil:
		w.refused(key, err)
	}
	return err
}
