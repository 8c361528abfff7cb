// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	_ "embed"
	"fmt"

	"github.com/neuroran/neuroran/phy/sigmf"
)

// The recording that ships with the program: see internal/record.
var (
	//go:embed testdata/uplink.sigmf-meta
	shippedMeta []byte
	//go:embed testdata/uplink.sigmf-data
	shippedData []byte
)

// open opens a recording, or the shipped one without a name.
func open(name string) (*sigmf.Recording, error) {
	if name != "" {
		rec, err := sigmf.Open(name)
		if err != nil {
			return nil, fmt.Errorf("-recording %s: %w", name, err)
		}
		return rec, nil
	}
	meta, err := sigmf.ParseMeta(shippedMeta)
	if err != nil {
		return nil, err
	}
	rec, err := sigmf.New(meta, bytes.NewReader(shippedData), int64(len(shippedData)))
	if err != nil {
		return nil, err
	}
	return rec, rec.Verify()
}
