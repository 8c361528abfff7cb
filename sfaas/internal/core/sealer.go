// SPDX-License-Identifier: Apache-2.0

package core

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"sync"
)

// Sealer encrypts the content of Sealed cells wherever it leaves memory. It
// must be safe for concurrent use.
type Sealer interface {
	// Seal appends the encryption of plain to dst. The label is authenticated
	// with it and not stored.
	Seal(dst, plain, label []byte) []byte
	// Open appends the decryption of sealed to dst; it fails if a bit of it or
	// of the label has changed.
	Open(dst, sealed, label []byte) ([]byte, error)
}

// NewSealer returns a sealer with AES-256-GCM under one key and random nonces.
func NewSealer(key [32]byte) Sealer {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // cannot happen: the length is right
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // cannot happen: the block size is right
	}
	return gcmSealer{aead}
}

type gcmSealer struct{ aead cipher.AEAD }

// Seal implements [Sealer].
func (s gcmSealer) Seal(dst, plain, label []byte) []byte {
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		panic(err) // crypto/rand does not fail
	}
	return s.aead.Seal(append(dst, nonce...), nonce, plain, label)
}

// Open implements [Sealer].
func (s gcmSealer) Open(dst, sealed, label []byte) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("sfaas: sealed content is too short")
	}
	return s.aead.Open(dst, sealed[:n], sealed[n:], label)
}

// processSealer is the sealer of programs that name none.
var processSealer = sync.OnceValue(func() Sealer {
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		panic(err) // crypto/rand does not fail
	}
	return NewSealer(key)
})
