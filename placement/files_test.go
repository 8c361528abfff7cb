// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/sfaas"
)

// shelf is registries of several nodes, and a network between them that a test spoils.
type shelf struct {
	files  []*files // of node 1, 2 ...
	mu     sync.Mutex
	pieces int                                                     // sent, by all
	spoil  func(from, to sfaas.NodeID, m *fileMessage) (lost bool) // under mu
}

func newShelf(t *testing.T, nodes int, keys []ed25519.PublicKey) *shelf {
	s := &shelf{}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	t.Cleanup(func() { stop(); wg.Wait() })
	for i := range nodes {
		self := sfaas.NodeID(i + 1)
		send := func(to sfaas.NodeID, b []byte) error {
			b = bytes.Clone(b)
			m, err := parseFile(b)
			if err != nil {
				t.Error(err)
				return err
			}
			s.mu.Lock()
			if m.kind == filePiece {
				s.pieces++
			}
			lost := s.spoil != nil && s.spoil(self, to, &m)
			s.mu.Unlock()
			if lost {
				return errors.New("no connection")
			}
			return s.files[to-1].hear(self, m.append(nil))
		}
		members := func() (all []sfaas.NodeID) {
			for n := range sfaas.NodeID(nodes) {
				if n+1 != self {
					all = append(all, n+1)
				}
			}
			return all
		}
		f := newFiles(&Config{TrustedKeys: keys}, send, members)
		f.patience = 5 * time.Millisecond
		s.files = append(s.files, f)
		wg.Go(func() { f.run(ctx, quietLog) })
	}
	return s
}

// put registers a file at nodes.
func (s *shelf) put(t *testing.T, e accel.Entry, nodes ...int) {
	t.Helper()
	for _, n := range nodes {
		if err := s.files[n-1].registry.Add(e); err != nil {
			t.Fatal(err)
		}
	}
}

// randomFile returns bytes and their entry.
func randomFile(name string, n int) ([]byte, accel.Entry) {
	data := make([]byte, n)
	rng := rand.New(rand.NewPCG(uint64(n), 1))
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	return data, accel.Entry{Name: name, Version: "1", SHA256: fmt.Sprintf("%x", sha256.Sum256(data)), FS: fstest.MapFS{"f": {Data: data}}, Path: "f"}
}

func sumOf(data []byte) fileSum { return sha256.Sum256(data) }

func (s *shelf) get(t *testing.T, node int, sum fileSum) ([]byte, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	data, _, err := s.files[node-1].get(ctx, t.Context(), sum)
	return data, err
}

// TestFileGoesOn breaks every connection off in the middle, again and again, and lets whoever has
// begun to send end: what has come is not sent again, but for what was asked for ahead.
func TestFileGoesOn(t *testing.T) {
	const numPieces = 40
	s := newShelf(t, 3, nil)
	s.files[2].patience = 200 * time.Millisecond
	data, e := randomFile("big", numPieces*maxPiece-5)
	s.put(t, e, 1, 2)
	breaks := 0
	s.spoil = func(from, to sfaas.NodeID, m *fileMessage) bool {
		if m.kind == filePiece && m.offset/maxPiece >= uint64(5*(breaks+1)) && breaks < 6 {
			breaks++ // this one and those behind it, which then do not fit
			return true
		}
		return false
	}
	got, err := s.get(t, 3, sumOf(data))
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if breaks != 6 || s.pieces > numPieces+8*(filesAhead+1) { // from the beginning each time it were 145
		t.Errorf("%d breaks, and %d pieces of %d sent", breaks, s.pieces, numPieces)
	}
	before := s.pieces
	if got, err = s.get(t, 3, sumOf(data)); err != nil || !bytes.Equal(got, data) || s.pieces != before {
		t.Errorf("once more: %d bytes, %v, and %d pieces more", len(got), err, s.pieces-before)
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if _, _, err := s.files[2].get(ctx, t.Context(), sumOf([]byte("other"))); !errors.Is(err, ErrNoFile) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("what nobody has: %v", err)
	}
}

// TestFileGoesOnLater gives up, and asks again when there is a member that has the file.
func TestFileGoesOnLater(t *testing.T) {
	s := newShelf(t, 2, nil)
	data, e := randomFile("big", 20*maxPiece)
	s.put(t, e, 1)
	broken, told := false, false
	half := make(chan struct{})
	s.spoil = func(_, _ sfaas.NodeID, m *fileMessage) bool {
		if m.kind == filePiece && m.offset >= 10*maxPiece {
			broken = true
		}
		if broken && m.kind == fileWant && !told { // what has come is taken in
			told = true
			close(half)
		}
		return broken
	}
	ctx, stop := context.WithCancel(t.Context())
	go func() { <-half; stop() }()
	if _, _, err := s.files[1].get(ctx, t.Context(), sumOf(data)); !errors.Is(err, ErrNoFile) || !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.spoil, s.pieces = nil, 0
	s.mu.Unlock()
	got, err := s.get(t, 2, sumOf(data))
	s.mu.Lock() // some pieces may still be under way
	defer s.mu.Unlock()
	if err != nil || !bytes.Equal(got, data) || s.pieces > 10+filesAhead {
		t.Errorf("%d bytes, %v, after %d pieces more", len(got), err, s.pieces)
	}
}

// TestFileOfLiars gets a file though most who have it change it, or say nothing.
func TestFileOfLiars(t *testing.T) {
	s := newShelf(t, 5, nil)
	data, e := randomFile("big", 6*maxPiece+1)
	s.put(t, e, 1, 2, 3, 4)
	s.spoil = func(from, _ sfaas.NodeID, m *fileMessage) bool {
		switch {
		case m.kind == filePiece && (from == 1 || from == 2):
			m.data[len(m.data)/2] ^= 1
		case m.kind == filePiece && from == 3:
			return true
		case m.kind == fileHave && from == 2:
			m.data = []byte(`{"Name":"x"`)
		}
		return false
	}
	if got, err := s.get(t, 5, sumOf(data)); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestFileIsSigned takes what a trusted key has signed, and nothing else.
func TestFileIsSigned(t *testing.T) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, ed25519.SeedSize))
	s := newShelf(t, 3, []ed25519.PublicKey{key.Public().(ed25519.PublicKey)})
	data, e := randomFile("signed", 100)
	good, err := e.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := e.Sign(other)
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, forged, 1)
	s.put(t, good, 2)
	if got, err := s.get(t, 3, sumOf(data)); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	bare, e := randomFile("bare", 101)
	s.put(t, e, 1, 2)
	_, err = s.get(t, 3, sumOf(bare))
	var trust *accel.TrustError
	if !errors.As(err, &trust) || s.pieces != 1 {
		t.Errorf("an unsigned file: %v, after %d pieces", err, s.pieces)
	}
	if _, err := s.get(t, 1, sumOf(bare)); !errors.As(err, &trust) {
		t.Errorf("an unsigned file of one's own registry: %v", err)
	}
}

// TestModelComesToANode lets a node that has no models load one by its hash from another member,
// and run it.
func TestModelComesToANode(t *testing.T) {
	z := &zone{t: t}
	data, err := os.ReadFile("plan/scorer.onnx")
	if err != nil {
		t.Fatal(err)
	}
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	e := accel.Entry{Name: "scorer", Version: "1", SHA256: sumOf(data).String(), FS: fstest.MapFS{"f": {Data: data}}, Path: "f"}
	m, err := accel.NewModel(data)
	if err != nil {
		t.Fatal(err)
	}
	e.Signature = m.Signature()
	if e, err = e.Sign(key); err != nil {
		t.Fatal(err)
	}
	registry, err := accel.NewRegistry(e)
	if err != nil {
		t.Fatal(err)
	}
	trust := func(c *Config) { c.TrustedKeys = []ed25519.PublicKey{key.Public().(ed25519.PublicKey)} }
	z.join(func(c *Config) { c.Registry = registry })
	z.join(trust)
	third := z.join(trust)
	got, err := third.Model(z.context(), e.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	session, err := accel.Options{TrustedKeys: third.cfg.TrustedKeys}.Open(t.Context(), got, "ref")
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Close(); err != nil {
		t.Error(err)
	}
	if _, ok := third.Registry().Find(e.SHA256); !ok || got.SHA256() != e.SHA256 {
		t.Errorf("got %s, in the registry: %v", got.SHA256(), ok)
	}
	if _, err := third.Model(z.context(), "abc"); err == nil {
		t.Error("a hash that is none is taken")
	}
}

// FuzzFile reads whatever comes, and writes what it has read as it was.
func FuzzFile(f *testing.F) {
	data, e := randomFile("seed", 40)
	entry, err := entryJSON(&e)
	if err != nil {
		f.Fatal(err)
	}
	for _, m := range []fileMessage{
		{kind: fileWant, sum: sumOf(data)}, {kind: fileHave, sum: sumOf(data), length: 40, data: entry},
		{kind: fileGet, sum: sumOf(data), offset: 7, length: 33}, {kind: filePiece, sum: sumOf(data), offset: 7, data: data[7:]},
	} {
		f.Add(m.append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseFile(b)
		if err != nil {
			return
		}
		again, err := parseFile(m.append(nil))
		if err != nil || again.kind != m.kind || again.sum != m.sum || again.offset != m.offset || again.length != m.length || !bytes.Equal(again.data, m.data) {
			t.Fatalf("%+v, then %+v, %v", m, again, err)
		}
		if m.kind == fileHave {
			if e, err := parseEntry(m.data, m.sum); err == nil && e.SHA256 != m.sum.String() {
				t.Fatal("an entry of another file")
			}
		}
	})
}
