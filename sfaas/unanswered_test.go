// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// The two move a unit without records from one process to another one, whose connection
// is lost before the outcome of the move is known. Sum, of one key, is served by somebody
// afterwards, with all that it has counted.
type unanswered struct {
	app   *sfaas.App
	in    sfaas.Input[number]
	out   sfaas.Output[number]
	count sfaas.Function
	total sfaas.Value[uint64]
	sums  chan uint64
	a, b  *sfaas.Runtime
	toB   *lossy
	toA   *lossy
	unit  sfaas.Unit
	moved chan error
}

func openUnanswered(t *testing.T, kept bool) *unanswered {
	class, edge := sfaas.Volatile, sfaas.EdgeConfig{}
	if kept {
		class, edge = sfaas.Replicated, exactly
	}
	sum := sfaas.NewValue[uint64]("sum", class)
	count := sfaas.Define("count", func(c *sfaas.Ctx, out, in *number) error {
		*sum.Mut(c) += in.X
		out.X, _ = sum.Get(c)
		return nil
	}, sfaas.FunctionConfig{}, sum)
	g := sfaas.NewGraph("lost")
	x := &unanswered{in: sfaas.Source[number](g, "in"), sums: make(chan uint64, 100), moved: make(chan error, 1)}
	x.count, x.total = count, sum
	x.out = sfaas.Sink(sfaas.Apply(x.in.With(edge), count).With(edge), "sums")
	x.app = build(t, g)
	x.unit = sfaas.Unit{Part: "count", Root: sfaas.NewKey(sfaas.KindCell, 1)}
	x.a, x.b = x.node(t, 1), x.node(t, 2)
	x.connect(t)
	push(t, x.in, x.a, x.unit.Root, 0, 5)
	x.sum(t, 5)
	return x
}

func (x *unanswered) node(t *testing.T, n sfaas.NodeID) *sfaas.Runtime {
	return start(t, x.app, sfaas.WithNode(n), sfaas.WithDefaultOwner(1),
		sfaas.WithOutput(x.out, func(_ sfaas.Header, n *number) { x.sums <- n.X }))
}

func (x *unanswered) connect(t *testing.T) {
	t.Helper()
	x.toB, x.toA = &lossy{from: x.a, to: x.b}, &lossy{from: x.b, to: x.a}
	ha, hb := x.a.Hello(), x.b.Hello()
	if _, _, err := x.b.Connect(x.toA, ha); err != nil {
		t.Fatal(err)
	}
	if _, _, err := x.a.Connect(x.toB, hb); err != nil {
		t.Fatal(err)
	}
}

func (x *unanswered) read(t *testing.T, rt *sfaas.Runtime) (n uint64, err error) {
	err = rt.Read(t.Context(), x.count, x.unit.Root, func(c *sfaas.Ctx) error {
		n, _ = x.total.Get(c)
		return nil
	})
	return n, err
}

func (x *unanswered) disconnect() {
	x.toA.lose(all)
	x.toB.lose(all)
	x.a.Disconnect(2, x.b.Incarnation())
	x.b.Disconnect(1, x.a.Incarnation())
}

// begin lets the target begin another life.
func (x *unanswered) begin(t *testing.T) {
	t.Helper()
	x.disconnect()
	x.b = x.node(t, 2)
	x.connect(t)
}

// move begins to move the unit; nothing answers for a while.
func (x *unanswered) move(t *testing.T) {
	t.Helper()
	go func() {
		_, err := x.a.MoveUnit(context.Background(), x.unit, 2, sfaas.MoveConfig{})
		x.moved <- err
	}()
	select {
	case err := <-x.moved:
		t.Fatalf("the move has ended: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
}

// serve pushes where the unit is, and wants the sum of all that was pushed.
func (x *unanswered) serve(t *testing.T, add, want uint64) {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(time.Millisecond) {
		err := x.in.PushValue(x.a, x.unit.Root, 1, &number{add})
		var moved *sfaas.MovedError
		if errors.As(err, &moved) {
			err = x.in.PushValue(x.b, x.unit.Root, 1, &number{add})
		}
		if err == nil {
			break
		}
		if time.Since(begin) > 5*time.Second {
			t.Fatal(err)
		}
	}
	x.sum(t, want)
}

func (x *unanswered) sum(t *testing.T, want uint64) {
	t.Helper()
	select {
	case n := <-x.sums:
		if n != want {
			t.Errorf("it has counted %d, want %d", n, want)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("nobody serves the unit")
	}
}

// ends wants the move to end.
func (x *unanswered) ends(t *testing.T) error {
	t.Helper()
	select {
	case err := <-x.moved:
		return err
	case <-time.After(5 * time.Second):
		t.Fatal("the move does not end")
		return nil
	}
}

// TestMoveUnanswered loses the image or its outcome with the connection; the two are linked
// again, both in the same life.
func TestMoveUnanswered(t *testing.T) {
	for name, c := range map[string]struct {
		image, outcome lossKind
		late           bool // the image comes all the same, when the unit is served again
		owner          sfaas.NodeID
	}{
		"image lost":   {image: bulk, owner: 1},
		"image late":   {image: bulk, owner: 1, late: true},
		"outcome lost": {outcome: ordered, owner: 2},
	} {
		t.Run(name, func(t *testing.T) {
			x := openUnanswered(t, true)
			x.toB.lose(c.image)
			x.toA.lose(c.outcome)
			x.move(t)
			image := x.toB.image()
			if n, err := x.read(t, x.a); !errors.Is(err, sfaas.ErrMoving) {
				t.Errorf("while it is between two owners the old one reads %d, %v", n, err)
			}
			x.disconnect()
			x.connect(t)
			if err := x.ends(t); (err == nil) != (c.owner == 2) {
				t.Errorf("the move has ended with %v", err)
			}
			x.serve(t, 2, 7)
			if c.late {
				f := x.b.Frame(len(image))
				copy(f.Bytes(), image)
				if err := x.b.Receive(1, x.a.Incarnation(), sfaas.Bulk, f); err != nil {
					t.Fatal(err)
				}
			}
			x.serve(t, 3, 10)
			if n, err := x.read(t, []*sfaas.Runtime{x.a, x.b}[c.owner-1]); err != nil || n != 10 {
				t.Errorf("its owner reads %d, %v, want 10", n, err)
			}
			for i, rt := range []*sfaas.Runtime{x.a, x.b} {
				if r, _ := rt.Route(x.unit); r.Owner != c.owner {
					t.Errorf("node %d knows route %+v, want owner %d", i+1, r, c.owner)
				}
			}
		})
	}
}

// TestMoveToTheEnded lets the life of a target, without records, end before it has
// answered. A soft unit goes on; a kept one waits for a claim.
func TestMoveToTheEnded(t *testing.T) {
	t.Run("soft", func(t *testing.T) {
		x := openUnanswered(t, false)
		x.toB.lose(bulk)
		x.move(t)
		x.begin(t)
		if err := x.ends(t); !errors.Is(err, sfaas.ErrClosed) {
			t.Errorf("the move has ended with %v", err)
		}
		x.serve(t, 2, 7)
	})
	t.Run("kept", func(t *testing.T) {
		x := openUnanswered(t, true)
		x.toB.lose(bulk)
		x.move(t)
		x.begin(t)
		var kept *sfaas.KeptError
		if err := x.ends(t); !errors.As(err, &kept) || kept.Owner != 2 {
			t.Fatalf("the move has ended with %v", err)
		}
		if err := x.a.Claim(x.unit, kept.Epoch); !errors.Is(err, sfaas.ErrStaleEpoch) {
			t.Errorf("claim under the target's epoch: %v", err)
		}
		if err := x.a.Claim(x.unit, kept.Epoch+1); err != nil {
			t.Fatal(err)
		}
		x.serve(t, 2, 7)
	})
	t.Run("taken", func(t *testing.T) {
		x := openUnanswered(t, true)
		x.toA.lose(ordered)
		x.move(t)
		push(t, x.in, x.b, x.unit.Root, 1, 2)
		x.sum(t, 7)
		x.begin(t)
		var kept *sfaas.KeptError
		if err := x.ends(t); !errors.As(err, &kept) {
			t.Fatalf("the move has ended with %v", err)
		}
		if err := x.a.Claim(x.unit, kept.Epoch+1); err != nil {
			t.Fatal(err)
		}
		x.serve(t, 3, 8) // what the other life has added is lost with it
	})
	t.Run("closed", func(t *testing.T) {
		x := openUnanswered(t, true)
		x.toB.lose(bulk)
		x.move(t)
		x.b.Close()
		var kept *sfaas.KeptError
		if err := x.ends(t); !errors.As(err, &kept) {
			t.Fatalf("the move has ended with %v", err)
		}
		if err := x.a.Claim(x.unit, kept.Epoch+1); err != nil {
			t.Fatal(err)
		}
		x.serve(t, 2, 7)
	})
}

// TestRestUnanswered loses the answer of a successor, or the question to it, with the
// connection. A third runtime, linked with both, uses a unit that nobody has used, before
// they are linked again: one of the two serves it, and goes on serving it.
func TestRestUnanswered(t *testing.T) {
	for name, c := range map[string]struct{ question, answer lossKind }{
		"question lost": {question: ordered},
		"answer lost":   {answer: ordered},
	} {
		t.Run(name, func(t *testing.T) {
			x := openUnanswered(t, true)
			third := x.node(t, 3)
			wired(t, x.a, third)
			wired(t, x.b, third)
			x.toB.lose(c.question)
			x.toA.lose(c.answer)
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			if err := x.a.Leave(ctx, func(sfaas.Unit) sfaas.NodeID { return 2 }, sfaas.MoveConfig{}); err == nil {
				t.Fatal("it has left without an answer")
			}
			x.disconnect()
			fresh := sfaas.NewKey(sfaas.KindCell, 2)
			push(t, x.in, third, fresh, 1, 3)
			select {
			case <-x.sums:
				t.Error("the unit is served while nobody knows whose it is")
			case <-time.After(20 * time.Millisecond):
			}
			x.connect(t)
			x.sum(t, 3)
			push(t, x.in, third, fresh, 2, 4)
			x.sum(t, 7)
		})
	}
}

// lossKind says what a connection loses.
type lossKind int

const (
	nothing lossKind = iota
	bulk
	ordered
	all
)

// lossy loses frames.
type lossy struct {
	from, to *sfaas.Runtime
	mu       sync.Mutex
	kind     lossKind
	lost     []byte // the last Bulk frame
}

func (w *lossy) lose(k lossKind) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kind = k
}

// image returns the last Bulk frame that was lost.
func (w *lossy) image() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost
}

// Send implements sfaas.Transport.
func (w *lossy) Send(n sfaas.NodeID, class sfaas.FrameClass, f *sfaas.Frame) error {
	w.mu.Lock()
	k := w.kind
	loses := k == all || (k == bulk && class == sfaas.Bulk) || (k == ordered && class == sfaas.Ordered)
	if loses && class == sfaas.Bulk {
		w.lost = bytes.Clone(f.Bytes())
	}
	w.mu.Unlock()
	if loses {
		f.Release()
		return nil
	}
	return wire{&wires{}, w.from, w.to}.Send(n, class, f)
}
