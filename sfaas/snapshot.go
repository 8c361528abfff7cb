// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"io"
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// Snapshot is a snapshot that is read without a runtime: which functions had content under
// which keys, and what was in their cells. It is immutable and may be shared.
type Snapshot struct {
	file   *state.Opened
	sealer Sealer
}

// OpenSnapshot reads what [Runtime.Snapshot] has written. Neither the graph that ran nor a
// runtime is needed. Sealer opens Sealed cells; with nil they stay closed. Everything is
// bounded and checked first; errors wrap [ErrSnapshot]. The whole file is in memory.
//
//	snap, err := sfaas.OpenSnapshot(file, nil)
//	for _, key := range snap.Keys("sum") {
//		err = snap.Read(Sum, key, func(c *sfaas.Ctx) error { total, _ = sums.Get(c); return nil })
//	}
func OpenSnapshot(src io.Reader, sealer Sealer) (*Snapshot, error) {
	file, err := state.Open(src)
	if err != nil {
		return nil, err
	}
	return &Snapshot{file, sealer}, nil
}

// Functions returns the names of the functions that had cells with a record in the
// snapshot, in the order of their graph.
func (s *Snapshot) Functions() []string {
	var names []string
	for _, name := range s.file.Names {
		if len(s.file.Cells[name]) > 0 {
			names = append(names, name)
		}
	}
	return names
}

// Keys returns the keys under which a function had cells, in the order of [Key.Compare].
func (s *Snapshot) Keys(function string) []Key {
	var keys []Key
	for key := range s.file.Cells[function] {
		keys = append(keys, key)
	}
	core.SortKeys(keys)
	return keys
}

// Read looks into the cells of a function under a key as [Runtime.Read] does, as of the
// moment of the snapshot. Content of an older [Version] is upgraded. Where a cell has other
// fields or another class, or its content is damaged, sealed under another key, or beyond
// its bound, that is an error; cells that the snapshot does not have are empty.
func (s *Snapshot) Read(f Function, key Key, look func(c *Ctx) error, cells ...Declared) error {
	if err := canLook(f, look); err != nil {
		return err
	}
	decls, err := cellsOf(f.function(), cells)
	if err != nil {
		return err
	}
	for _, d := range decls {
		if d.Class == Sealed && s.sealer == nil {
			return &CellError{Function: f.Name(), Cell: d.Name, Reason: "is sealed: OpenSnapshot got no sealer"}
		}
	}
	x, err := s.file.Copy(base.Address{Function: f.Name(), Key: key}, decls, s.sealer)
	if err != nil {
		return err
	}
	return lookAt(x, look)
}

// Cells returns the content of the cells of a function under a key by name, encoded as they
// store it, and sealed if they are, for who does not have their declarations.
func (s *Snapshot) Cells(function string, key Key) map[string][]byte {
	all := map[string][]byte{}
	for _, c := range s.file.Cells[function][key] {
		all[c.Name] = slices.Clone(c.Content)
	}
	return all
}
