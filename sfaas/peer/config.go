// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// Config says how a [Node] talks to others. The zero value serves Unix sockets; TCP
// needs TLS, or Plain.
type Config struct {
	// TLS secures all connections: TLS 1.3, where both ends show a certificate.
	TLS *TLS
	// Plain lets TCP go without TLS: for networks that nobody else is in. Unix
	// sockets, which the file system guards, go without TLS where there is none.
	Plain bool

	// Heartbeat is after how long without anything to say a node says that it lives;
	// 0 means one second.
	Heartbeat time.Duration
	// Silence is after how long a connection on which nothing has come is given up;
	// 0 means five heartbeats. What the kernel knows, such as the end of a process, is
	// known at once.
	Silence time.Duration
	// Forget is for how long a lost connection may be made again before the other
	// runtime is forgotten, with what was on its way; 0 means 30 seconds.
	Forget time.Duration
	// Backoff is how long a node waits before it dials again, at first; it doubles up
	// to 64 times that. 0 means 10 milliseconds.
	Backoff time.Duration
	// Dial makes the connections of [Node.Dial], if they are not to be made as
	// [net.Dialer] does: through a proxy, or over a descriptor that a parent process has
	// left. It is called again whenever the connection is lost. nil is net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Address says where a node that is connected is dialled, for who is refused since that node
	// has its number, see [TakenError]; "" says that it is not known, and so does nil.
	Address func(node sfaas.NodeID) string
	// MaxGreetings bounds the connections that have been accepted and have not said yet of whom
	// they are: a further one takes the place of the one that has been silent for longest. 0
	// means 256.
	MaxGreetings int

	// OnEvent is told of connections, of one other node at a time in order. It must not
	// block: what waits, such as [Node.Close] or [Node.Dial], is for another goroutine.
	OnEvent func(Event)
	// Logger hears of what is refused; nil means the default one.
	Logger *slog.Logger
}

// defaultGreetings is more than the nodes of a zone, all of which may dial at once.
const defaultGreetings = 256

// maxBackoff is by how much the time between two dials grows.
const maxBackoff = 64

func (c *Config) fill() error {
	for _, d := range []struct {
		name  string
		value *time.Duration
		least time.Duration
	}{{"Heartbeat", &c.Heartbeat, time.Second}, {"Silence", &c.Silence, 0}, {"Forget", &c.Forget, 30 * time.Second}, {"Backoff", &c.Backoff, 10 * time.Millisecond}} {
		if *d.value < 0 {
			return &sfaas.OptionError{Option: "peer.Config." + d.name, Got: d.value.String(), Want: "not negative"}
		}
		if *d.value == 0 {
			*d.value = d.least
		}
	}
	if c.MaxGreetings < 0 {
		return &sfaas.OptionError{Option: "peer.Config.MaxGreetings", Got: fmt.Sprint(c.MaxGreetings), Want: "not negative"}
	}
	c.MaxGreetings = cmp.Or(c.MaxGreetings, defaultGreetings)
	if c.TLS != nil && (c.TLS.Certificate == nil || c.TLS.Roots == nil) {
		return &sfaas.OptionError{Option: "peer.Config.TLS", Got: "no Certificate, or no Roots", Want: "both, as of Files"}
	}
	if c.Silence == 0 {
		c.Silence = 5 * c.Heartbeat
	}
	if c.Silence <= c.Heartbeat {
		return &sfaas.OptionError{Option: "peer.Config.Silence", Got: c.Silence.String(), Want: fmt.Sprintf("more than a heartbeat, %v", c.Heartbeat)}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return nil
}

// secure returns whether connections of a network go over TLS.
func (c *Config) secure(network string) (bool, error) {
	switch network {
	case "unix":
		return c.TLS != nil, nil
	case "tcp", "tcp4", "tcp6":
		if c.TLS == nil && !c.Plain {
			return false, &sfaas.OptionError{Option: "peer.Config.TLS", Got: "nil", Want: "TLS, or Plain: network " + network}
		}
		return c.TLS != nil, nil
	}
	return false, &sfaas.OptionError{Option: "network", Got: network, Want: "tcp, tcp4, tcp6 or unix"}
}

// EventKind says what has become of a connection.
type EventKind uint8

const (
	// Up says that a connection is there; the runtimes are linked.
	Up EventKind = iota
	// Lost says that it is lost: the kernel says so, or it was silent. What was on its
	// way comes with the next one, if that is to the same life of the other runtime.
	Lost
	// Gone says that the other runtime is forgotten: it has closed, has begun another
	// life, or was not there for too long.
	Gone
	// Refused says that another node was not accepted, or did not accept this one.
	Refused
)

// String returns one word.
func (k EventKind) String() string { return [...]string{"up", "lost", "gone", "refused"}[k&3] }

// Event is something that has become of a connection.
type Event struct {
	Kind        EventKind
	Node        sfaas.NodeID // the other one, 0 if it is not known
	Incarnation uint32       // life of its runtime
	Err         error        // why
}

// TakenError says that another runtime that lives has the number of this one: whoever was asked
// is connected with it, and it has answered, or it was the one that was dialled. Of two nodes of
// one number the one that is there stays, whichever life is the later one: so a node that was
// given a wrong number does not end another one.
type TakenError struct {
	Node        sfaas.NodeID // the number
	Incarnation uint32       // life of who has it
	Address     string       // where that is dialled, as far as is known
}

// Error implements error.
func (e *TakenError) Error() string {
	return fmt.Sprintf("peer: another node that lives has the number %d: it is at %s", e.Node, cmp.Or(e.Address, "an address that nobody has told"))
}

// RefusedError says that another node does not want to be connected.
type RefusedError struct {
	Reason string // what it says
	Last   uint32 // the life of this node that it has known, where the present one is not a later one; else 0
}

// Error implements error.
func (e *RefusedError) Error() string { return "peer: refused: " + e.Reason }
