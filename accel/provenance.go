// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
)

// Provenance says where the weights of a model come from.
type Provenance struct {
	Recipe string // how it was trained, such as the JSON of a recipe of phy/neural
	Data   string // what it was trained on
	Seed   uint64 // seed of data and start, where the recipe has one
	Parent string // SHA-256 in hex of the model that training began at, "" for a fresh start
}

// statement is what a signature of an entry covers: all that the entry says
// about the model, so that neither a name nor an origin can be put on another
// model's bytes.
type statement struct {
	Purpose    string
	Name       string
	Version    string
	SHA256     string
	Signature  string
	Provenance Provenance
}

// statement returns the bytes that are signed: JSON of fields in a fixed order.
func (e Entry) statement() ([]byte, error) {
	return json.Marshal(statement{
		Purpose: "neuroran model 1", Name: e.Name, Version: e.Version, SHA256: e.SHA256,
		Signature: e.Signature.String(), Provenance: e.Provenance,
	})
}

// Sign returns the entry with an Ed25519 signature of name, version, hash,
// ports and provenance. [Open] checks it where [Options.TrustedKeys] are given.
// It returns an error for a key of another length.
func (e Entry) Sign(key ed25519.PrivateKey) (Entry, error) {
	if len(key) != ed25519.PrivateKeySize {
		return e, fmt.Errorf("accel: sign %s: a key of %d bytes, want %d", e.id(), len(key), ed25519.PrivateKeySize)
	}
	text, err := e.statement()
	if err != nil {
		return e, fmt.Errorf("accel: sign %s: %w", e.id(), err)
	}
	e.Proof = ed25519.Sign(key, text)
	return e, nil
}

// TrustError says why a model is not trusted under [Options.TrustedKeys].
type TrustError struct {
	Model  string // name@version of the registry, or name of the graph
	Reason string // what is wrong: not signed, or signed by no key that is trusted
}

// Error implements error.
func (e *TrustError) Error() string { return fmt.Sprintf("accel: model %s: %s", e.Model, e.Reason) }

// trusted returns a [*TrustError] when keys are given and none of them has
// signed what the registry says about the model.
func (m *Model) trusted(keys []ed25519.PublicKey) error {
	if len(keys) == 0 {
		return nil
	}
	if m.entry == nil {
		return &TrustError{Model: m.Name(), Reason: "it is not from a registry, so nobody has signed it"}
	}
	return m.entry.Verify(keys)
}

// Verify returns a [*TrustError] unless one of the keys has signed what the entry says. That the
// file is the one of which it says so is for its hash to tell.
func (e Entry) Verify(keys []ed25519.PublicKey) error {
	if len(e.Proof) == 0 {
		return &TrustError{Model: e.id(), Reason: "it is not signed"}
	}
	text, err := e.statement()
	if err != nil {
		return &TrustError{Model: e.id(), Reason: err.Error()}
	}
	for _, key := range keys {
		if len(key) == ed25519.PublicKeySize && ed25519.Verify(key, text, e.Proof) {
			return nil
		}
	}
	return &TrustError{Model: e.id(), Reason: "its signature is of none of the trusted keys, or of another model"}
}

// Entry returns what the registry says about the model that loaded it, and
// whether one did.
func (m *Model) Entry() (Entry, bool) {
	if m.entry == nil {
		return Entry{}, false
	}
	e := *m.entry
	e.Proof = bytes.Clone(e.Proof)
	return e, true
}
