// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/neuroran/neuroran/phy/nr"
)

// readTable reads comma-separated numbers: a line that names the columns, and one line after
// the other for add, which may keep nothing of its argument. Lines that begin with # are
// comments. It returns a [*nr.FieldError] that names the file and the line.
func readTable(r io.Reader, name, columns string, add func(v []float64) *nr.FieldError) error {
	in, line, head := bufio.NewScanner(r), 0, false
	names := strings.Split(columns, ",")
	v := make([]float64, len(names))
	for in.Scan() {
		line++
		text := strings.TrimSpace(in.Text())
		switch {
		case text == "" || text[0] == '#':
			continue
		case !head:
			if head = text == columns; !head {
				return &nr.FieldError{Field: name + ": line " + strconv.Itoa(line), Got: text, Want: columns}
			}
			continue
		}
		err := parseLine(v, names, text)
		if err == nil {
			err = add(v)
		}
		if err != nil {
			err.Field = fmt.Sprintf("%s: line %d: %s", name, line, err.Field)
			return err
		}
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("%s: line %d: %w", name, line+1, err)
	}
	return nil
}

// parseLine reads the numbers of a line.
func parseLine(v []float64, names []string, text string) *nr.FieldError {
	fields := strings.Split(text, ",")
	if len(fields) != len(names) {
		return &nr.FieldError{Field: "columns", Got: len(fields), Want: strconv.Itoa(len(names))}
	}
	for i, f := range fields {
		x, err := strconv.ParseFloat(strings.TrimSpace(f), 64)
		if err != nil || math.IsNaN(x) || math.Abs(x) > 1e9 {
			return &nr.FieldError{Field: names[i], Got: f, Want: "a number"}
		}
		v[i] = x
	}
	return nil
}

// eachMCS calls with every row of the MCS tables that has a modulation order and 2048 times a
// code rate. It returns a [*nr.FieldError] where none has.
func eachMCS(qm, rate float64, with func(t nr.MCSTable, mcs int)) *nr.FieldError {
	known := false
	for t := nr.MCSTable64QAM; t <= nr.MCSTableLowSE; t++ {
		for i := range nr.MaxMCSIndex + 1 {
			if m, _ := t.Row(i); !m.Reserved() && float64(m.Modulation) == qm && float64(m.Rate) == rate {
				known = true
				with(t, i)
			}
		}
	}
	if !known {
		return &nr.FieldError{Field: "qm,rate2048", Got: [2]float64{qm, rate}, Want: "a row of TS 38.214 tables 5.1.3.1-1 to -3"}
	}
	return nil
}

// missing reports the first MCS that has no line of a file, as a [*nr.FieldError].
func missing(name string, has func(t nr.MCSTable, mcs int) bool) error {
	for t := nr.MCSTable64QAM; t <= nr.MCSTableLowSE; t++ {
		for i := range nr.MaxMCSIndex + 1 {
			if m, _ := t.Row(i); !m.Reserved() && !has(t, i) {
				return &nr.FieldError{Field: name, Got: fmt.Sprintf("no line for table %d, index %d", t, i), Want: "every row of every MCS table"}
			}
		}
	}
	return nil
}
