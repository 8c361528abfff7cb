// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// What a file of the kernel may say, so that a damaged recording costs nothing.
const (
	maxFile   = 1 << 20
	maxCPUs   = 8192    // NR_CPUS at most
	maxAmount = 1 << 60 // bytes, bit/s: sums of some do not overflow
)

// read returns the text of a file without the space around it.
func (h Host) read(path string) (string, error) {
	b, err := fs.ReadFile(h.FS, path)
	if err != nil {
		return "", err
	}
	if len(b) > maxFile {
		return "", fmt.Errorf("%s: %d bytes, want at most %d", path, len(b), maxFile)
	}
	return strings.TrimSpace(string(b)), nil
}

// number returns the whole number from 0 on that a file consists of.
func (h Host) number(path string) (int64, error) {
	text, err := h.read(path)
	if err != nil {
		return 0, err
	}
	return amount(path, text)
}

// amount parses a number that a file has.
func amount(path, text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > maxAmount {
		return 0, fmt.Errorf("%s: got %q, want a number from 0 to %d", path, clip(text), int64(maxAmount))
	}
	return n, nil
}

// list returns the numbers of a file such as "0-3,8", in order.
func (h Host) list(path string) ([]int, error) {
	text, err := h.read(path)
	if err != nil {
		return nil, err
	}
	return parseList(path, text)
}

// parseList parses a list such as "0-3,8" (cpuset(7), list format), in order. Nothing is
// the empty list.
func parseList(path, text string) ([]int, error) {
	var ids []int
	for field := range strings.SplitSeq(text, ",") {
		field = strings.TrimSpace(field)
		if field == "" {
			continue
		}
		low, high, isRange := strings.Cut(field, "-")
		if !isRange {
			high = low
		}
		a, err := strconv.Atoi(low)
		b, err2 := strconv.Atoi(high)
		if err != nil || err2 != nil || a < 0 || b < a || b >= maxCPUs {
			return nil, fmt.Errorf("%s: got %q, want a list such as 0-3,8 below %d", path, clip(text), maxCPUs)
		}
		for i := a; i <= b && len(ids) <= maxCPUs; i++ {
			ids = append(ids, i)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// field returns what stands behind "name:" in a file of lines such as meminfo.
func (h Host) field(path, name string) (string, error) {
	text, err := h.read(path)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("%s: no %s", path, name)
}

// kilobytes returns the bytes of a field such as "24684092 kB".
func (h Host) kilobytes(path, name string) (int64, error) {
	text, err := h.field(path, name)
	if err != nil {
		return 0, err
	}
	number, unit, _ := strings.Cut(text, " ")
	n, err := amount(path, number)
	if err != nil {
		return 0, err
	}
	if unit != "kB" || n > maxAmount/1024 {
		return 0, fmt.Errorf("%s: %s: got %q, want kB", path, name, clip(text))
	}
	return n * 1024, nil
}

// names returns what a folder has, in order; nothing if there is none.
func (h Host) names(path string) []string {
	entries, err := fs.ReadDir(h.FS, path)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}

// clip returns the beginning of a text, for an error.
func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
