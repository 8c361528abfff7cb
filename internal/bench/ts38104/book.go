// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
)

// book keeps the points that are done, in memory and in a file.
type book struct {
	points map[string][]point // by key of a row
	file   *os.File           // nil where nothing is kept
}

// openBook reads the points of a file, which need not exist, and opens it to append
// to it. A last line that was cut off is an error that names the line.
func openBook(name string) (*book, error) {
	b := &book{points: map[string][]point{}}
	if name == "" {
		return b, nil
	}
	lines, err := readCSV(name, 5)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for i, cells := range lines {
		var v [4]float64
		for k := range v {
			if v[k], err = strconv.ParseFloat(cells[k+1], 64); err != nil {
				return nil, fmt.Errorf("%s: line %d: %w", name, i+2, err)
			}
		}
		b.points[cells[0]] = append(b.points[cells[0]], point{v[0], v[1], v[2], int(v[3])})
	}
	b.file, err = os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil && len(lines) == 0 {
		err = b.write([]string{"row", "snr_db", "throughput", "std", "transmissions"})
	}
	return b, err
}

// add notes a point.
func (b *book) add(key string, p point) error {
	b.points[key] = append(b.points[key], p)
	if b.file == nil {
		return nil
	}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 8, 64) }
	return b.write([]string{key, number(p.snrDB), number(p.throughput), number(p.std), strconv.Itoa(p.slots)})
}

func (b *book) write(cells []string) error {
	w := csv.NewWriter(b.file)
	if err := w.Write(cells); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

func (b *book) close() {
	if b.file != nil {
		b.file.Close()
	}
}
