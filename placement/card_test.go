// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"bytes"
	"errors"
	"testing"
)

func exampleCard() *card {
	return &card{
		Member: Member{Node: 4095, Incarnation: 1<<32 - 1, Address: "unix:/tmp/x"}, version: 7, left: true,
		deployments: []deployed{{"uplink", "tcp=127.0.0.1:1 beats=127.0.0.1:2", 1 << 63}, {}},
	}
}

// A card is read as it was written, under its token alone; a changed bit is noticed.
func TestCard(t *testing.T) {
	token := []byte("secret")
	b := exampleCard().append(nil, token)
	k, err := parseCard(b, token)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(k.append(nil, token), b) {
		t.Errorf("read as %+v", k)
	}
	if _, err := parseCard(b, []byte("guess")); !errors.Is(err, errCard) {
		t.Errorf("another token: %v", err)
	}
	for i := range b {
		b[i] ^= 1
		if _, err := parseCard(b, token); !errors.Is(err, errCard) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		b[i] ^= 1
	}
}

// FuzzCard: whatever is signed, a card is refused, or is one that is written as it was read.
func FuzzCard(f *testing.F) {
	whole := exampleCard().append(nil, nil)
	f.Add(whole[:len(whole)-32])
	f.Add([]byte{1, 1, 1, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := parseCard(append(b, signature(b, nil)...), nil)
		if err != nil {
			if !errors.Is(err, errCard) {
				t.Fatal(err)
			}
			return
		}
		again := k.append(nil, nil)
		m, err := parseCard(again, nil)
		if err != nil {
			t.Fatalf("its own bytes are refused: %v", err)
		}
		if !bytes.Equal(m.append(nil, nil), again) {
			t.Fatal("read and written again it is another card")
		}
	})
}
