// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"testing"
	"testing/fstest"

	"github.com/neuroran/neuroran/accel"
)

// key returns a key of a fixed seed.
func key(seed byte) (ed25519.PublicKey, ed25519.PrivateKey) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	return private.Public().(ed25519.PublicKey), private
}

// TestSignedModel signs an entry, and then changes each thing that is signed:
// only the entry as it was signed, by a trusted key, opens.
func TestSignedModel(t *testing.T) {
	m := mlp(t, 4, 2)
	files := fstest.MapFS{"a.onnx": {Data: m.Bytes()}}
	trusted, private := key(1)
	other, forger := key(2)
	entry := accel.Entry{
		Name: "net", Version: "1", SHA256: m.SHA256(), Signature: m.Signature(), FS: files, Path: "a.onnx",
		Provenance: accel.Provenance{Recipe: `{"steps":4000}`, Data: "AWGN", Seed: 7, Parent: m.SHA256()},
	}
	signed, err := entry.Sign(private)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := entry.Sign(forger)
	if err != nil {
		t.Fatal(err)
	}
	with := func(edit func(*accel.Entry)) accel.Entry {
		e := signed
		edit(&e)
		return e
	}
	for _, test := range []struct {
		name  string
		entry accel.Entry
		ok    bool
	}{
		{"signed", signed, true},
		{"not signed", entry, false},
		{"signed by another", forged, false},
		{"another name", with(func(e *accel.Entry) { e.Name = "nets" }), false},
		{"another version", with(func(e *accel.Entry) { e.Version = "2" }), false},
		{"another origin", with(func(e *accel.Entry) { e.Provenance.Seed++ }), false},
		{"another parent", with(func(e *accel.Entry) { e.Provenance.Parent = "" }), false},
		{"no ports", with(func(e *accel.Entry) { e.Signature = accel.Signature{} }), false},
		{"cut", with(func(e *accel.Entry) { e.Proof = e.Proof[:63] }), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := accel.NewRegistry(test.entry)
			if err != nil {
				t.Fatal(err)
			}
			m, err := r.Load(test.entry.Name, "")
			if err != nil {
				t.Fatal(err)
			}
			s, err := (accel.Options{TrustedKeys: []ed25519.PublicKey{other[:7], trusted}}).Open(context.Background(), m)
			var trust *accel.TrustError
			switch {
			case test.ok && err != nil:
				t.Error(err)
			case !test.ok && !errors.As(err, &trust):
				t.Errorf("got %v, want a *TrustError", err)
			}
			if err == nil {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var trust *accel.TrustError
	if _, err := (accel.Options{TrustedKeys: []ed25519.PublicKey{trusted}}).Open(context.Background(), m); !errors.As(err, &trust) {
		t.Errorf("a model of no registry: got %v, want a *TrustError", err)
	}
	if _, err := entry.Sign(private[:5]); err == nil {
		t.Error("a cut key signs")
	}
}

// TestRegistryChecksPorts registers a model under ports that it does not have.
func TestRegistryChecksPorts(t *testing.T) {
	m := mlp(t, 4, 2)
	r, err := accel.NewRegistry(accel.Entry{Name: "net", Version: "1", SHA256: m.SHA256(), Signature: mlp(t, 4, 3).Signature(),
		FS: fstest.MapFS{"a.onnx": {Data: m.Bytes()}}, Path: "a.onnx"})
	if err != nil {
		t.Fatal(err)
	}
	var sig *accel.SignatureError
	if _, err := r.Load("net", "1"); !errors.As(err, &sig) {
		t.Errorf("got %v, want a *SignatureError", err)
	}
}

// TestModelKnowsItsEntry reads the provenance of a model back.
func TestModelKnowsItsEntry(t *testing.T) {
	m := mlp(t, 4, 2)
	r, err := accel.NewRegistry(accel.Entry{Name: "net", Version: "1", SHA256: m.SHA256(), Provenance: accel.Provenance{Data: "AWGN"},
		FS: fstest.MapFS{"a.onnx": {Data: m.Bytes()}}, Path: "a.onnx"})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := r.Load("net", "")
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := loaded.Entry(); !ok || e.Provenance.Data != "AWGN" || e.Version != "1" {
		t.Errorf("got %+v, %v", e, ok)
	}
	if _, ok := m.Entry(); ok {
		t.Error("a model of no registry has an entry")
	}
}
