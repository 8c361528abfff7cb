// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// Entry registers one version of a model.
type Entry struct {
	Name       string     // name, such as "llrnet-256qam"
	Version    string     // version, such as "1"
	SHA256     string     // hash of the file in hex, checked on load
	Signature  Signature  // ports, checked on load; none when both lists are empty
	Provenance Provenance // where the weights come from
	Proof      []byte     // Ed25519 signature of the above, or nil; see Sign
	FS         fs.FS      // where the file lies, such as an embed.FS
	Path       string     // path of the file in FS
}

// Registry holds models by name and version, and verifies the hash of each when
// it is first loaded. It may be used from any goroutine.
type Registry struct {
	mu      sync.Mutex
	entries []Entry
	loaded  map[string]*Model
}

// NewRegistry returns a registry of the given entries. It returns an error that
// names the entry when one is incomplete or registered twice.
func NewRegistry(entries ...Entry) (*Registry, error) {
	r := &Registry{loaded: map[string]*Model{}}
	for _, e := range entries {
		if err := r.Add(e); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Add registers one more model. It returns an error that names the entry when
// it is incomplete or registered already.
func (r *Registry) Add(e Entry) error {
	if e.Name == "" || e.Version == "" || len(e.SHA256) != 64 || e.FS == nil || e.Path == "" {
		return fmt.Errorf("accel: registry: entry %q is incomplete", e.id())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, have := range r.entries {
		if have.id() == e.id() {
			return fmt.Errorf("accel: registry: %s is registered twice", e.id())
		}
	}
	r.entries = append(r.entries, e)
	return nil
}

func (e Entry) id() string { return e.Name + "@" + e.Version }

// Entries returns what is registered, by name and version.
func (r *Registry) Entries() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(slices.Values(r.entries), func(a, b Entry) int {
		return strings.Compare(a.id(), b.id())
	})
}

// Find returns the entry of a file by the hash of its bytes, and whether there is one.
func (r *Registry) Find(sha256 string) (Entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.entries {
		if strings.EqualFold(e.SHA256, sha256) {
			return e, true
		}
	}
	return Entry{}, false
}

// Read returns the file of an entry, verified by its hash. It returns a [*HashError], and
// the errors of reading.
func (e Entry) Read() ([]byte, error) {
	data, err := fs.ReadFile(e.FS, e.Path)
	if err != nil {
		return nil, fmt.Errorf("accel: model %s: %w", e.id(), err)
	}
	if got := hashOf(data); got != strings.ToLower(e.SHA256) {
		return nil, &HashError{Name: e.id(), Want: e.SHA256, Got: got}
	}
	return data, nil
}

// Load returns a model; version "" means the one that was registered last. The
// file is read and verified on the first call and shared afterwards.
//
// It returns an error that wraps [ErrNotFound], a [*HashError] or a
// [*SignatureError] when the file is not what was registered, or the errors of
// reading the file and of [NewModel]. [Open] checks who has signed it.
func (r *Registry) Load(name, version string) (*Model, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range slices.Backward(r.entries) {
		if e.Name == name && (version == "" || e.Version == version) {
			return r.load(e)
		}
	}
	return nil, fmt.Errorf("%w: %s@%s", ErrNotFound, name, version)
}

func (r *Registry) load(e Entry) (*Model, error) {
	if m := r.loaded[e.id()]; m != nil {
		return m, nil
	}
	data, err := e.Read()
	if err != nil {
		return nil, err
	}
	m, err := NewModel(data)
	if err != nil {
		return nil, fmt.Errorf("accel: model %s: %w", e.id(), err)
	}
	if len(e.Signature.Inputs)+len(e.Signature.Outputs) > 0 {
		if err := m.Expect(e.Signature); err != nil {
			return nil, err
		}
	}
	m.entry = &e
	r.loaded[e.id()] = m
	return m, nil
}
