// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// WriteLog writes the grants of a recording as a log that [ParseLog] reads, with a
// column for every field. Transmissions that are not supported are left out: what is
// not known of them cannot be written.
func WriteLog(w io.Writer, m *Meta) error {
	out := csv.NewWriter(w)
	header := []string{"sfn", "slot"}
	for _, f := range grantFields {
		if f.key != "dmrs" {
			header = append(header, f.key)
		}
	}
	for _, f := range dmrsFields {
		header = append(header, "dmrs."+f.key)
	}
	if err := out.Write(header); err != nil {
		return fmt.Errorf("sigmf: log: %w", err)
	}
	mu := m.Carrier.Numerology()
	for i := range m.Transmissions {
		t := &m.Transmissions[i]
		if t.Unsupported != nil {
			continue
		}
		row := []string{strconv.Itoa(t.Slot.Frame(mu)), strconv.Itoa(t.Slot.InFrame(mu))}
		for _, x := range writeGrant(&t.Grant) {
			if x.key != "dmrs" {
				row = append(row, cellOf(x.value))
			}
		}
		g := newGrant(&t.Grant)
		for _, x := range writeFields(dmrsFields, &g.dmrs) {
			row = append(row, cellOf(x.value))
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("sigmf: log: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("sigmf: log: %w", err)
	}
	return nil
}
