// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"fmt"
	"strings"

	"github.com/neuroran/neuroran/phy/nr"
)

// maxFields is the most fields that a finding names.
const maxFields = 4

// Finding is one thing that was found out about transmissions that do not decode.
//
// Fields have the names of the SigMF namespace nr, docs/sigmf-nr.md.
type Finding struct {
	Slot   nr.Slot  // of the first transmission that shows it
	RNTI   uint16   // whose it is
	Count  int      // transmissions that show it, of those that were looked at
	Text   string   // what was seen
	Fields []string // what to check, likeliest first, by the names of the recording format; at most four, none where no field is at fault

	// Changes make pilots fit or CRCs hold, where [Search] has found any: one, or
	// several that are needed together.
	Changes []Change
}

// Change is another value of a field.
//
// Fields have the names of the SigMF namespace nr, docs/sigmf-nr.md.
type Change struct {
	Field string // such as "nr:pusch.dmrs.type_a_position"
	From  string // what the metadata say
	To    string // what would fit
}

// String returns the change as text.
func (c Change) String() string {
	if c.From == "" {
		return fmt.Sprintf("%s: %s", c.Field, c.To)
	}
	return fmt.Sprintf("%s: %s instead of %s", c.Field, c.To, c.From)
}

// String returns the finding as one line.
func (f *Finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "slot %d, RNTI %d: %s", f.Slot, f.RNTI, f.Text)
	switch {
	case len(f.Changes) > 0:
		for i, c := range f.Changes {
			b.WriteString(map[bool]string{true: ": ", false: ", and "}[i == 0])
			b.WriteString(c.String())
		}
	case len(f.Fields) > 0:
		b.WriteString("; check " + strings.Join(f.Fields, ", "))
	}
	if f.Count > 1 {
		fmt.Fprintf(&b, " (%d transmissions)", f.Count)
	}
	return b.String()
}

// merge adds a finding to those that say the same but for figures, or appends it.
func merge(list []Finding, f Finding) []Finding {
	words := func(text string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r == '-' {
				return -1
			}
			return r
		}, text)
	}
	for i := range list {
		o := &list[i]
		if words(o.Text) == words(f.Text) && strings.Join(o.Fields, " ") == strings.Join(f.Fields, " ") {
			o.Count += f.Count
			return list
		}
	}
	f.Fields = f.Fields[:min(len(f.Fields), maxFields)]
	return append(list, f)
}
