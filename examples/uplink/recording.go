// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"

	"github.com/neuroran/neuroran/phy/capture"
	"github.com/neuroran/neuroran/phy/sigmf"
)

// The recording that ships with the program: see internal/record.
var (
	//go:embed testdata/uplink.sigmf-meta
	shippedMeta []byte
	//go:embed testdata/uplink.sigmf-data
	shippedData []byte
)

// input is what the program decodes.
type input struct {
	*sigmf.Recording
	found *capture.Alignment // of a search; nil without one
}

// open opens the recording that the options name, or the shipped one.
func open(o *options) (*input, error) {
	if o.recording != "" {
		rec, found, err := capture.Open(o.recording, capture.Config{Log: o.schedule, Search: o.search})
		if err != nil {
			return nil, fmt.Errorf("-recording %s: %w", o.recording, err)
		}
		return &input{rec, found}, nil
	}
	meta, err := o.shipped()
	if err != nil {
		return nil, err
	}
	meta.Unaligned = meta.Unaligned || o.search > 0
	rec, err := sigmf.New(meta, bytes.NewReader(shippedData), int64(len(shippedData)))
	if err == nil {
		err = rec.Verify()
	}
	if err != nil {
		return nil, err
	}
	fitted, found, err := capture.Fit(rec, capture.Config{Search: o.search})
	return &input{fitted, found}, err
}

// shipped returns the metadata of the shipped recording, with the grants of a log
// where there is one.
func (o *options) shipped() (*sigmf.Meta, error) {
	if o.schedule == "" {
		return sigmf.ParseMeta(shippedMeta)
	}
	log, err := os.ReadFile(o.schedule)
	if err != nil {
		return nil, fmt.Errorf("-schedule: %w", err)
	}
	return sigmf.ParseLog(shippedMeta, log)
}
