// SPDX-License-Identifier: Apache-2.0

package neural

import (
	"crypto/sha256"
	"errors"
	"sync"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
)

// network builds a network of one feature with as many nodes as are wanted.
func network(t *testing.T, factor float32, nodes int) *accel.Model {
	t.Helper()
	b := onnx.NewBuilder("network")
	x := b.MatMul(b.Input("x", onnx.Float32, -1, 1), b.Float32s("w", []float32{factor}, 1, 1))
	for range nodes {
		x = b.Relu(x)
	}
	b.Output("y", b.Apply("Neg", []onnx.Ref{x}))
	graph, err := b.Model()
	if err != nil {
		t.Fatal(err)
	}
	m, err := accel.BuildModel(graph)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestOpeningHoldsUpItsKeyOnly looks sessions up while another is being opened.
func TestOpeningHoldsUpItsKeyOnly(t *testing.T) {
	p, err := openSessions(&Config{Model: network(t, 1, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	known, slow := network(t, 2, 1).Bytes(), network(t, 3, 4000).Bytes()
	sum, err := p.add(known)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := p.add(slow)
		done <- err
	}()
	for found := 0; ; found++ {
		select {
		case err := <-done:
			if err != nil || found < 100 { // a look-up takes some hundred nanoseconds
				t.Errorf("%d look-ups while a network was opened, error %v", found, err)
			}
			return
		default:
		}
		if _, err := p.get(sum, known); err != nil {
			t.Fatal(err)
		}
	}
}

// TestManyNetworks uses more networks than are kept open, from several
// goroutines: each gets its own, or hears that it was just displaced.
func TestManyNetworks(t *testing.T) {
	p, err := openSessions(&Config{Model: network(t, 1, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var models [][]byte
	for i := range maxSessions + 10 {
		models = append(models, network(t, float32(i), 1).Bytes())
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 300 {
				data := models[(i*(2*g+1)+g)%len(models)]
				s, err := p.get(sha256.Sum256(data), data)
				if err == nil && string(s.Model().Bytes()) != string(data) {
					t.Error("the session of another network")
				}
				if err != nil && !errors.Is(err, accel.ErrClosed) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(p.open) > maxSessions {
		t.Errorf("%d networks are open", len(p.open))
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
}

// TestBadWeights gives bytes that are no model: the next use tries again.
func TestBadWeights(t *testing.T) {
	p, err := openSessions(&Config{Model: network(t, 1, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	for range 2 {
		if _, err := p.add([]byte("no model")); err == nil {
			t.Error("bytes that are no model are accepted")
		}
	}
	if len(p.open) != 0 {
		t.Errorf("%d entries stay", len(p.open))
	}
}
