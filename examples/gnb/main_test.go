// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func invoke(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// TestTable runs every policy over both airs.
func TestTable(t *testing.T) {
	for _, args := range [][]string{
		{}, {"-scheduler", "rr"}, {"-scheduler", "max"}, {"-scheduler", "qos", "-traffic", "poisson:1"},
		{"-air", "waveform", "-receiver", "ls", "-slots", "40"}, {"-air", "waveform", "-samples", "-slots", "20", "-cells", "2"},
		{"-realtime", "-slots", "50"},
		{"-realtime", "-air", "recorded", "-receiver", "ls", "-slots", "60"}, {"-realtime", "-air", "recorded", "-slots", "1", "-fifo"},
		{"-realtime", "-air", "waveform", "-receiver", "ls", "-slots", "20"}, {"-snr", "-50:-50"}, {"-snr", "100:100", "-air", "recorded", "-slots", "50"}, {"-budget", "200", "-slots", "100"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			code, out, errs := invoke(t, append([]string{"-slots", "200", "-ues", "3"}, args...)...)
			if code != 0 || errs != "" || !strings.Contains(out, "Mbit/s, Jain") || strings.Count(out, "\n") < 5 {
				t.Errorf("exit %d, %s\n%s", code, errs, out)
			}
		})
	}
}

// TestJSON has one object for each UE and a summary, and the same one twice.
func TestJSON(t *testing.T) {
	history := ""
	for range 2 {
		code, out, errs := invoke(t, "-json", "-slots", "300", "-ues", "3", "-traffic", "ftp3:2", "-seed", "9")
		if code != 0 {
			t.Fatal(errs)
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if len(lines) != 4 {
			t.Fatalf("got\n%s", out)
		}
		var ue struct {
			UE    int
			First *int     `json:"first"`
			MCS   *float64 `json:"mcs_mean"`
		}
		if err := json.Unmarshal([]byte(lines[2]), &ue); err != nil || ue.UE != 3 || ue.First == nil || ue.MCS == nil {
			t.Errorf("%v: %s", err, lines[2])
		}
		var s struct {
			Summary bool
			Slots   int
			History string
		}
		if err := json.Unmarshal([]byte(lines[3]), &s); err != nil || !s.Summary || s.Slots != 300 || len(s.History) != 64 {
			t.Errorf("%v: %s", err, lines[3])
		}
		if history != "" && history != s.History {
			t.Error("two histories of one seed")
		}
		history = s.History
	}
}

// TestPlot writes five drawings.
func TestPlot(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	if code, _, errs := invoke(t, "-slots", "300", "-traffic", "poisson:1", "-plot", folder); code != 0 {
		t.Fatal(errs)
	}
	for _, name := range []string{"rate.svg", "mcs.svg", "olla.svg", "resources.svg", "delay.svg"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || !bytes.Contains(text, []byte("UE 4")) || !bytes.HasSuffix(text, []byte("</svg>\n")) {
			t.Errorf("%s: %v, %d bytes", name, err, len(text))
		}
	}
}

// TestBadArguments lists arguments that end the program with 2 and one line that names them.
func TestBadArguments(t *testing.T) {
	for want, args := range map[string][]string{
		"scheduler": {"-scheduler", "fifo"}, "air": {"-air", "ether"}, "receiver": {"-receiver", "magic"},
		"traffic": {"-traffic", "some"}, "packets per second": {"-traffic", "poisson:100000"}, "no/such.csv": {"-traffic", "no/such.csv"}, "snr": {"-snr", "4"}, "ues": {"-ues", "0"},
		"cells": {"-cells", "99"}, "slots": {"-slots", "0"}, "doppler": {"-doppler", "NaN"}, "feedback": {"-feedback", "0"},
		"bias": {"-bias", "1e9"}, "budget": {"-budget", "-1"}, "fifo": {"-fifo"}, "samples": {"-samples"}, "more": {"more"},
	} {
		code, _, errs := invoke(t, args...)
		if code != 2 || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, want) {
			t.Errorf("%q: exit %d, %q", args, code, errs)
		}
	}
}
