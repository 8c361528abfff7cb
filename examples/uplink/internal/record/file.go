// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/neuroran/neuroran/phy/sigmf"
)

// file holds the two files of a recording.
type file struct {
	meta    []byte
	samples []byte
}

// record makes a recording of some slots in memory.
func record(seed uint64, slots int) (*file, error) {
	f := &file{}
	var samples bytes.Buffer
	w, err := sigmf.NewWriter(recordingConfig(), &samples, func(meta []byte) error {
		f.meta = meta
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := send(w, seed, slots); err != nil {
		return nil, err
	}
	err = w.Close()
	f.samples = samples.Bytes()
	return f, err
}

// dataName returns the name of the file of samples beside the metadata.
func dataName(meta string) string { return strings.TrimSuffix(meta, sigmf.MetaExt) + sigmf.DataExt }

// load reads a recording whose metadata are in the file name.
func load(name string) (*file, error) {
	meta, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	samples, err := os.ReadFile(dataName(name))
	return &file{meta, samples}, err
}

// save writes the two files.
func (f *file) save(name string) error {
	return errors.Join(os.WriteFile(name, f.meta, 0o644), os.WriteFile(dataName(name), f.samples, 0o644))
}

// saveLog writes the grants as a log of a gNB: see [sigmf.ParseLog].
func (f *file) saveLog(name string) error {
	m, err := sigmf.ParseMeta(f.meta)
	if err != nil {
		return err
	}
	var log bytes.Buffer
	log.WriteString("# The schedule of " + filepath.Base(name) + " as a gNB could log it.\n")
	if err := sigmf.WriteLog(&log, m); err != nil {
		return err
	}
	return os.WriteFile(strings.TrimSuffix(name, sigmf.MetaExt)+".csv", log.Bytes(), 0o644)
}

// same reports whether two recordings differ by rounding only: their metadata are
// equal but for the hash, and of a thousand values at most one is different, by
// one step. Fused multiply-adds differ between machines and kernels.
func same(a, b *file) bool {
	if !bytes.Equal(withoutHash(a.meta), withoutHash(b.meta)) || len(a.samples) != len(b.samples) {
		return false
	}
	differ := 0
	for i, x := range a.samples {
		switch d := int(int8(x)) - int(int8(b.samples[i])); {
		case d > 1 || d < -1:
			return false
		case d != 0:
			differ++
		}
	}
	return differ <= len(a.samples)/1000
}

// withoutHash returns metadata without the line of core:sha512.
func withoutHash(meta []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(meta) {
		if !bytes.Contains(line, []byte(`"core:sha512"`)) {
			kept = append(kept, line...)
		}
	}
	return kept
}
