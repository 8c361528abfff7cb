// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
)

// TestSharedJSON compares the JSON lines with the answers beside the recordings
// of another implementation: same order, and every block that is decodable has
// the right hash.
func TestSharedJSON(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testvec.Shared(t), "iq", "*.sigmf-meta"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			answers, err := testvec.Answers(file)
			if err != nil {
				t.Fatal(err)
			}
			code, out, errs := invoke(t, "-recording", file, "-receiver", "lmmse", "-json")
			lines := strings.Split(strings.TrimSpace(out), "\n")
			if code != 0 || errs != "" || len(lines) != len(answers)+1 {
				t.Fatalf("exit %d, %q, %d lines, want %d and a summary", code, errs, len(lines), len(answers))
			}
			for i, want := range answers {
				var got line
				if err := json.Unmarshal([]byte(lines[i]), &got); err != nil {
					t.Fatal(err)
				}
				same := got.Slot == want.Slot && got.RNTI == want.RNTI && got.HARQ == want.HARQ && got.TBBits == want.Bits
				if !same || (want.Decodable && !got.CRC) || (got.CRC && got.TBSHA256 != want.SHA256) || (!got.CRC && got.TBSHA256 != "") {
					t.Errorf("line %d: got %+v, want %+v", i, got, want)
				}
			}
		})
	}
}
