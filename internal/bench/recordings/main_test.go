// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
)

// TestSharedTable prints the table; no receiver may pass a CRC on wrong bits.
func TestSharedTable(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run([]string{"-dir", filepath.Join(testvec.Shared(t), "iq")}, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	rows := strings.Split(strings.TrimSpace(out.String()), "\n")
	if last := rows[len(rows)-1]; !strings.HasPrefix(last, "| all |") || !strings.HasSuffix(last, "| 0 | 0 |") {
		t.Errorf("last row %s", last)
	}
	t.Log("\n" + out.String())
}

// TestNoRecordings names the folder that holds none.
func TestNoRecordings(t *testing.T) {
	var out, errs bytes.Buffer
	dir := t.TempDir()
	if code := run([]string{"-dir", dir}, &out, &errs); code != 1 || !strings.Contains(errs.String(), dir) {
		t.Errorf("exit %d: %s", code, errs.String())
	}
}
