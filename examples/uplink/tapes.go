// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/neuroran/neuroran/ran/uplink"
)

// tapes are edges of the receiver, each with a file: arguments of the form edge=file.
type tapes []tapeFile

type tapeFile struct {
	edge uplink.Edge
	name string
}

// String implements [flag.Value].
func (t *tapes) String() string { return "" }

// Set implements [flag.Value].
func (t *tapes) Set(arg string) error {
	edge, name, ok := strings.Cut(arg, "=")
	switch {
	case !ok || name == "":
		return errors.New("want EDGE=FILE.arrow")
	case !slices.Contains(uplink.AllEdges(), uplink.Edge(edge)):
		return fmt.Errorf("edge %q, want one of %v", edge, uplink.AllEdges())
	}
	*t = append(*t, tapeFile{uplink.Edge(edge), name})
	return nil
}

// edge returns the edge of the only tape, "" without one.
func (t tapes) edge() uplink.Edge {
	if len(t) == 0 {
		return ""
	}
	return t[0].edge
}

// record lets what travels on the edges be written to their files. The function that it
// returns ends the files, once the chain is at rest.
func (t tapes) record(edges *uplink.Edges) (end func() error, err error) {
	var open []io.Closer
	end = func() error {
		var err error
		for _, c := range open {
			err = errors.Join(err, c.Close())
		}
		return err
	}
	for _, x := range t {
		file, err := os.Create(x.name)
		if err != nil {
			return end, fmt.Errorf("-record %s: %w", x.edge, err)
		}
		open = append(open, file)
		rec, err := edges.Record(x.edge, file)
		if err != nil {
			return end, fmt.Errorf("-record: %w", err)
		}
		open = slices.Insert(open, len(open)-1, rec)
	}
	return end, nil
}

// replay opens the file that takes the place of an edge, if there is one.
func (t tapes) replay(cfg *uplink.PlayConfig) (close func(), err error) {
	if len(t) == 0 {
		return func() {}, nil
	}
	file, err := os.Open(t[0].name)
	if err != nil {
		return nil, fmt.Errorf("-replay %s: %w", t[0].edge, err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("-replay %s: %w", t[0].edge, errors.Join(err, file.Close()))
	}
	cfg.Replay, cfg.ReplaySize = file, info.Size()
	return func() { file.Close() }, nil
}
