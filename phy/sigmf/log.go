// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/neuroran/neuroran/phy/nr"
)

// ParseLog reads the metadata of a recording and, in the place of its annotations, a
// log of the scheduler that sent the grants: comma-separated values, one line for
// each PUSCH transmission in the order of time.
//
// The header names the columns, in any order: sfn and slot (system frame number and
// slot in the frame, as a gNB logs them), and any fields of nr:pusch, with those of
// dmrs as "dmrs.length" and so on. A field that has no column, or whose cell is
// empty, has the value of the default grant in the metadata. A cell is written as in
// JSON, or without the quotes, brackets and commas: A, non-codebook, "0 14"; integers
// may be hexadecimal (0x4601) or have a zero fraction (20.0), truths 0 or 1. A line that
// begins with # is a comment. A header without a comma tells by itself that cells are
// separated by semicolons or tabs.
//
//	sfn,slot,n_rnti,prb_start,prb_size,mcs_index,rv,harq_process,new_data
//	117,4,0x4601,0,24,16,0,3,1
//
// A cell in a column of another name is a feature of its transmission that nothing is
// known of, as an unknown field of an annotation is: see [Transmission].Unsupported.
// Empty ones are nothing. A column of another name that has a cell in every line is a
// mistake.
//
// System frame numbers may wrap. The result is [Meta].Unaligned: the first line's
// slot is put at sample 0, and the others after it. The errors are those of
// [ParseMeta] and name the line; what several lines have in common is told once.
func ParseLog(meta, log []byte) (*Meta, error) {
	r, _, err := readHead(meta)
	if err != nil {
		return nil, err
	}
	r.meta.Unaligned = true
	log = bytes.TrimPrefix(log, byteOrderMark)
	l := logReader{reader: r, csv: csv.NewReader(bytes.NewReader(log))}
	l.csv.Comment, l.csv.Comma = '#', comma(log)
	l.csv.TrimLeadingSpace = l.csv.Comma != '\t'
	if !r.carrier || !r.rate {
		return r.result() // without a carrier no line has a place
	}
	if err := l.readAll(); err != nil {
		return nil, errors.Join(r.err(), err)
	}
	return r.result()
}

// logReader reads a log line by line.
type logReader struct {
	*reader
	csv     *csv.Reader
	columns []column
	lines   int // that were read
	started bool
	first   int64 // sample of the carrier at which the first line's slot starts
	last    int64 // slot of the line before
}

// column is what a column of the log holds.
type column struct {
	key    string // of the grant, or of its dmrs; or sfn or slot; or none that is known
	signal bool   // of dmrs
	cells  int    // that are not empty
}

// comma returns what separates the cells of a log: a comma, or what stands in the header
// instead.
func comma(log []byte) rune {
	for line := range bytes.Lines(log) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		for _, c := range []rune{',', ';', '\t'} {
			if bytes.ContainsRune(line, c) {
				return c
			}
		}
		break
	}
	return ','
}

// errLog turns an error of the CSV syntax into one of ours.
func errLog(err error) error {
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		return &FieldError{Where: fmt.Sprintf("log line %d", syntax.Line), Field: "line", Got: syntax.Err, Want: "as many cells as the header, quoted as in RFC 4180"}
	}
	return fmt.Errorf("sigmf: log: %w", err)
}

func (l *logReader) readAll() error {
	header, err := l.csv.Read()
	if errors.Is(err, io.EOF) {
		return &FieldError{Where: "log", Field: "header", Got: "nothing", Want: "sfn, slot and names of fields"}
	}
	if err != nil {
		return errLog(err)
	}
	if err := l.readHeader(header); err != nil {
		return place("log header", err)
	}
	for {
		cells, err := l.csv.Read()
		if errors.Is(err, io.EOF) {
			return l.checkColumns()
		}
		if err != nil {
			return errLog(err)
		}
		line, _ := l.csv.FieldPos(0)
		l.lines++
		l.readLine(l.inOne("log line", line), cells)
	}
}

// readHeader finds out what the columns hold. Names are those of fields in any case.
func (l *logReader) readHeader(names []string) error {
	for i, name := range names {
		name = strings.TrimSpace(name)
		if low := strings.ToLower(name); knownColumn(low) {
			name = low
		}
		c := column{key: strings.TrimPrefix(name, "dmrs."), signal: strings.HasPrefix(name, "dmrs.")}
		if name != "" && slices.Contains(l.columns[:i], c) { // before any cell is counted
			return &FieldError{Field: name, Got: "two columns", Want: "one"}
		}
		l.columns = append(l.columns, c)
	}
	for _, key := range []string{"sfn", "slot"} {
		if !slices.Contains(l.columns, column{key: key}) {
			return &FieldError{Field: key, Got: "no column", Want: "one, beside " + fieldNames()}
		}
	}
	return nil
}

// checkColumns reports columns that the format does not have and that have a cell in
// every line.
func (l *logReader) checkColumns() error {
	for _, c := range l.columns {
		name, known, prefix := c.key, append(specsOf(grantFields), &spec{key: "sfn", also: "frame"}, &spec{key: "slot"}), ""
		if c.signal {
			name, known, prefix = "dmrs."+c.key, specsOf(dmrsFields), "dmrs."
		}
		if l.lines > 0 && c.cells == l.lines && !hasKey(known, c.key) {
			hint := l.in("").hint(prefix, c.key, known)
			return place("log header", &FieldError{Field: name, Got: "a column", Want: "a column of the format" + hint + ": sfn, slot, " + fieldNames()})
		}
	}
	return nil
}

// knownColumn reports whether a name is one that the format has.
func knownColumn(name string) bool {
	if key, signal := strings.CutPrefix(name, "dmrs."); signal {
		return hasKey(specsOf(dmrsFields), key)
	}
	return name == "sfn" || name == "slot" || hasKey(specsOf(grantFields), name)
}

// fieldNames lists the columns that a log may have.
func fieldNames() string {
	var names []string
	for _, f := range grantFields {
		names = append(names, f.key)
	}
	for _, f := range dmrsFields {
		names = append(names, "dmrs."+f.key)
	}
	return strings.Join(names, ", ")
}

// readLine appends the transmission of a line.
func (l *logReader) readLine(s scope, cells []string) {
	changes, signals := object{}, object{}
	var sfn, slot int64
	ok := true
	for i, c := range l.columns {
		cell := strings.TrimSpace(cells[i])
		if cell != "" {
			l.columns[i].cells++
		}
		var err error
		switch {
		case !c.signal && c.key == "sfn":
			sfn, err = readCount(cell, nr.FramesPerHyper)
		case !c.signal && c.key == "slot":
			slot, err = readCount(cell, l.meta.Carrier.Numerology().SlotsPerFrame())
		case cell == "":
		case c.signal:
			signals[c.key] = cellValue(cell, c.key)
		default:
			changes[c.key] = cellValue(cell, c.key)
		}
		if err != nil {
			ok = s.refuse(c.key, short(json.RawMessage(cell)), strings.TrimPrefix(err.Error(), "want "))
		}
	}
	if !l.mergeSignals(s, changes, signals) || !ok {
		return
	}
	t, err := l.at(sfn, slot)
	if err != nil {
		s.add(err)
		return
	}
	if l.readGrant(s, &t, changes) {
		l.meta.Transmissions = append(l.meta.Transmissions, t)
	}
}

// mergeSignals puts single fields of dmrs into the dmrs of the line or the default.
// It reports whether it could.
func (l *logReader) mergeSignals(s scope, changes, signals object) bool {
	if len(signals) == 0 {
		return true
	}
	whole, ok := changes["dmrs"]
	if !ok {
		whole, ok = l.defaults["dmrs"]
	}
	merged := object{}
	if ok && (json.Unmarshal(whole, &merged) != nil || merged == nil) {
		return s.refuse("dmrs", short(whole), "an object")
	}
	for key, value := range signals {
		merged[key] = value
	}
	text, err := json.Marshal(merged)
	if err != nil {
		return s.refuse("dmrs", err, "JSON values")
	}
	changes["dmrs"] = text
	return true
}

// at places a line: its slot follows that of the line before, and its samples those
// of the first line's slot.
func (l *logReader) at(sfn, slot int64) (Transmission, error) {
	c := &l.meta.Carrier
	perFrame := int64(c.Numerology().SlotsPerFrame())
	hyper := nr.FramesPerHyper * perFrame
	number := sfn*perFrame + slot
	if l.started {
		number += l.last / hyper * hyper
		switch behind := l.last - number; {
		case behind > hyper/2:
			number += hyper // the system frame number has wrapped
		case behind > 0:
			return Transmission{}, &FieldError{Field: "sfn", Got: fmt.Sprintf("%d, slot %d", sfn, slot), Want: "lines in the order of time"}
		}
	} else {
		l.started, l.first = true, c.SlotStart(nr.Slot(number))
	}
	l.last = number
	t := Transmission{Slot: nr.Slot(number)}
	start := c.SlotStart(t.Slot) - l.first
	end := start + int64(c.SlotSamples(t.Slot))
	t.SampleStart = int64(math.Round(l.meta.position(start)))
	t.SampleCount = int64(math.Round(l.meta.position(end))) - t.SampleStart
	return t, nil
}
