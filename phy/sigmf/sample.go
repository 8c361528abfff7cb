// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	_ "embed"
	"strings"
)

// The sample, made by examples/uplink/internal/record. A program holds it only if it
// calls [Sample].
var (
	//go:embed testdata/sample.sigmf-meta
	sampleMeta string
	//go:embed testdata/sample.sigmf-data
	sampleData string
)

// Sample returns a short recording to try things on, which is part of the library:
// three slots of a carrier of 10 MHz, four antennas, five transmissions of four UEs, two
// of which share PRBs. All of them can be decoded. Every call returns a recording of its
// own, at the rate of its carrier.
func Sample() *Recording {
	m, err := ParseMeta([]byte(sampleMeta))
	if err != nil {
		panic(err) // what is embedded is right, as the tests of this package show
	}
	r, err := New(m, strings.NewReader(sampleData), int64(len(sampleData)))
	if err != nil {
		panic(err)
	}
	return r
}
