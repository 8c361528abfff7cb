// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"time"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/sfaas"
)

// How a file comes: so many pieces are asked for ahead, and so long is waited for each answer.
const (
	filesAhead   = 8
	filePatience = 500 * time.Millisecond
)

// fetch brings a file here. In the order of the code:
//
//  1. All members are asked, again and again, until one has it whose entry is to be trusted. An
//     entry that is not is the error in the end, if no other one has a better.
//  2. Pieces are asked for, some ahead, from where the file ends here. When none has come for a
//     while, others are asked who has it: the one from before, maybe, over a new connection.
//  3. What is whole is checked by its hash. What is wrong is thrown away, and who has sent all of
//     it is not asked again. If it was of several, it comes anew, until it is of one.
func (f *files) fetch(ctx, life context.Context, x *transfer) error {
	bad := map[sfaas.NodeID]bool{}
	var refused error
	for {
		from, err := f.find(ctx, life, x, bad)
		if err != nil {
			return errors.Join(err, refused)
		}
		e, err := parseEntry(from.data, x.sum)
		if err == nil {
			err = f.trusts(&e)
		}
		if err != nil {
			refused, bad[from.node] = err, true
			if len(bad) >= len(f.members()) {
				return refused // all have been asked, and none is trusted
			}
			continue
		}
		if err := f.pull(ctx, life, x, from); err != nil {
			if ctx.Err() != nil || life.Err() != nil {
				return errors.Join(ErrNoFile, ctx.Err(), life.Err())
			}
			continue // it goes on with whoever has it
		}
		if sum := fileSum(sha256.Sum256(x.data)); sum != x.sum {
			refused = &accel.HashError{Name: e.Name + "@" + e.Version, Want: x.sum.String(), Got: sum.String()}
			if len(x.from) == 1 {
				bad[from.node] = true
			}
			x.data = nil
			clear(x.from)
			continue
		}
		e.FS, e.Path = memoryFS{x.data}, memoryName
		x.entry = e
		if err := f.registry.Add(e); err != nil {
			if _, ok := f.registry.Find(x.sum.String()); !ok {
				return err // another file has its name
			}
		}
		return nil
	}
}

// find asks members until one has the file.
func (f *files) find(ctx, life context.Context, x *transfer, bad map[sfaas.NodeID]bool) (fileSource, error) {
	again := time.NewTicker(f.patience)
	defer again.Stop()
	want := fileMessage{kind: fileWant, sum: x.sum}
	b := want.append(nil)
	for {
		for _, m := range f.members() {
			if !bad[m] {
				_ = f.send(m, b) // who does not hear it is asked again
			}
		}
		for waits := true; waits; {
			select {
			case s := <-x.heard:
				if !bad[s.node] {
					return s, nil
				}
			case <-again.C:
				waits = false
			case <-ctx.Done():
				return fileSource{}, errors.Join(ErrNoFile, ctx.Err())
			case <-life.Done():
				return fileSource{}, ErrLeft
			}
		}
	}
}

// pull asks for pieces until the file is whole, or none comes.
func (f *files) pull(ctx, life context.Context, x *transfer, from fileSource) error {
	if uint64(len(x.data)) > from.size {
		x.data = nil
	}
	asked := uint64(len(x.data))
	ask := func() {
		for asked < from.size && asked < uint64(len(x.data))+filesAhead*maxPiece {
			get := fileMessage{kind: fileGet, sum: x.sum, offset: asked, length: min(maxPiece, from.size-asked)}
			_ = f.send(from.node, get.append(nil)) // else nothing comes, which is noticed
			asked += get.length
		}
	}
	ask()
	silent := time.NewTimer(f.patience)
	defer silent.Stop()
	for uint64(len(x.data)) < from.size {
		select {
		case p := <-x.piece:
			// Pieces of one member come in order; others are of an earlier try.
			if p.offset != uint64(len(x.data)) || len(p.data) == 0 || uint64(len(p.data)) > from.size-p.offset {
				continue
			}
			x.data = append(x.data, p.data...)
			x.from[p.node] = true
			silent.Reset(f.patience)
			ask()
		case <-silent.C:
			if len(x.piece) == 0 {
				return ErrNoFile
			}
			silent.Reset(f.patience) // it was this node that rested
		case <-ctx.Done():
			return ctx.Err()
		case <-life.Done():
			return ErrLeft
		}
	}
	return nil
}

// memoryFS has one file.
type memoryFS struct{ data []byte }

const memoryName = "file"

// Open implements [fs.FS].
func (m memoryFS) Open(name string) (fs.File, error) {
	if name != memoryName {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &memoryFile{Reader: *bytes.NewReader(m.data), size: int64(len(m.data))}, nil
}

type memoryFile struct {
	bytes.Reader
	size int64
}

// Stat implements [fs.File].
func (m *memoryFile) Stat() (fs.FileInfo, error) { return m, nil }

// Close implements [fs.File].
func (m *memoryFile) Close() error { return nil }

// Name and the like implement [fs.FileInfo].
func (m *memoryFile) Name() string       { return memoryName }
func (m *memoryFile) Size() int64        { return m.size }
func (m *memoryFile) Mode() fs.FileMode  { return 0o444 }
func (m *memoryFile) ModTime() time.Time { return time.Time{} }
func (m *memoryFile) IsDir() bool        { return false }
func (m *memoryFile) Sys() any           { return nil }
