// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/placement/internal/wire"
	"github.com/neuroran/neuroran/sfaas"
)

var errMessage = errors.New("test: not a message")

// message has a field of each kind.
type message struct {
	Small  byte
	On     bool
	Number uint64
	Life   uint32
	Column uint32
	Hash   uint64
	Amount float64
	Name   string
	Key    sfaas.Key
	Tail   []byte
}

const version = 3

func (m *message) append(b []byte) []byte {
	w := wire.Writer{B: b}
	w.Byte(version)
	w.Byte(m.Small)
	w.Bool(m.On)
	w.Uint(m.Number)
	w.Uint(uint64(m.Life))
	w.Fixed32(m.Column)
	w.Fixed64(m.Hash)
	w.Amount(m.Amount)
	w.Text(m.Name)
	w.Key(m.Key)
	w.Bytes(m.Tail)
	return w.B
}

func parse(b []byte) (m message, err error) {
	r := wire.Read(b, errMessage)
	r.Version(version)
	m.Small, m.On = r.Byte("small", 9), r.Bool("on")
	m.Number, m.Life = r.Uint("number", 1000), r.Uint32("life")
	m.Column, m.Hash, m.Amount = r.Fixed32("column"), r.Fixed64("hash"), r.Amount("amount")
	m.Name, m.Key = r.Text("name", 5), r.Key("key")
	m.Tail = bytes.Clone(r.Bytes("tail", 2))
	return m, r.End()
}

func sample() message {
	return message{9, true, 1000, math.MaxUint32, 7, math.MaxUint64, 0.25, "uplin", sfaas.NewKey(sfaas.KindCell, 7), []byte("ab")}
}

// TestMessage reads what was written, and says of what is cut, too long or beyond a bound which
// field it is.
func TestMessage(t *testing.T) {
	want := sample()
	b := want.append(nil)
	if got, err := parse(b); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
	for n := range b {
		if _, err := parse(b[:n]); !errors.Is(err, errMessage) {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(b), err)
		}
	}
	for _, c := range []struct {
		change func(m *message)
		says   string
	}{
		{func(m *message) { m.Small = 10 }, "small: got 10, want at most 9"},
		{func(m *message) { m.Number = 1001 }, "number: got 1001, want at most 1000"},
		{func(m *message) { m.Amount = math.NaN() }, "amount: got NaN, want 0 to 1e+30"},
		{func(m *message) { m.Amount = math.Inf(1) }, "amount: got +Inf"},
		{func(m *message) { m.Amount = -1 }, "amount: got -1"},
		{func(m *message) { m.Name = "uplink" }, "name: got 6, want at most 5"},
		{func(m *message) { m.Tail = []byte("a") }, "tail: cut short"},
		{func(m *message) { m.Tail = []byte("abc") }, "1 bytes beyond its end"},
	} {
		m := sample()
		c.change(&m)
		if _, err := parse(m.append(nil)); !errors.Is(err, errMessage) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want that %s", err, c.says)
		}
	}
	b[0]++
	if _, err := parse(b); err == nil || !strings.Contains(err.Error(), "version: got 4, want 3") {
		t.Errorf("another version: %v", err)
	}
}

// TestSticky reads on after an error: all is zero, and the error is the first one.
func TestSticky(t *testing.T) {
	r := wire.Read([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, errMessage)
	r.Fail("the first one")
	if r.Byte("b", 9) != 0 || r.Uint("u", 9) != 0 || r.Fixed32("f") != 0 || r.Fixed64("f") != 0 || r.Amount("a") != 0 || r.Text("t", 9) != "" || r.Key("k") != (sfaas.Key{}) || len(r.Rest()) > 0 {
		t.Error("something is read after an error")
	}
	r.Cut("c", func([]byte) ([]byte, error) { return nil, errors.New("another one") })
	if err := r.End(); !errors.Is(err, errMessage) || !strings.HasSuffix(err.Error(), "the first one") || err != r.Err() {
		t.Errorf("got %v", err)
	}
}

// FuzzReader: whatever comes, a message is refused, or is one that is written as it was read.
func FuzzReader(f *testing.F) {
	m := sample()
	f.Add(m.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parse(b)
		if err != nil {
			if !errors.Is(err, errMessage) {
				t.Fatalf("another kind of error: %v", err)
			}
			return
		}
		again, err := parse(m.append(nil))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(m) {
			t.Fatalf("%+v, then %+v, %v", m, again, err)
		}
	})
}
