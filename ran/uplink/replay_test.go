// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/track"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// recorded plays the frame and returns a recording of each edge.
func recorded(t *testing.T, f *frame, with uplink.Config) (map[uplink.Edge][]byte, *uplink.Report) {
	t.Helper()
	e, err := uplink.Compose(sfaas.NewGraph("recorded"), configOf(f.cfg, with))
	check(t, err)
	files, closers := map[uplink.Edge]*bytes.Buffer{}, []io.Closer{}
	for _, x := range uplink.AllEdges() {
		files[x] = new(bytes.Buffer)
		c, err := e.Record(x, files[x])
		check(t, err)
		closers = append(closers, c)
	}
	chain, err := e.Build()
	check(t, err)
	defer chain.Close()
	report := f.play(t, chain)
	out := map[uplink.Edge][]byte{}
	for i, x := range uplink.AllEdges() {
		check(t, closers[i].Close())
		out[x] = files[x].Bytes()
	}
	return out, report
}

// TestReplayOfEveryEdge records every edge of a run and plays each in the place of what
// the receiver makes: hashes, outcomes and measurements are those of the run.
func TestReplayOfEveryEdge(t *testing.T) {
	f := openFrame(t)
	for name, with := range map[string]uplink.Config{"lmmse": {}, "tracking": {Receiver: "ls", Tracking: track.DefaultConfig()}} {
		files, want := recorded(t, f, with)
		if want.Passed() != len(want.Transmissions) {
			t.Fatalf("%s: %d of %d pass", name, want.Passed(), len(want.Transmissions))
		}
		for _, x := range uplink.AllEdges() {
			t.Run(name+"/"+string(x), func(t *testing.T) {
				with := with
				with.Replay = x
				got, err := f.chain(t, with).Play(context.Background(), f.rec, uplink.PlayConfig{
					Replay: bytes.NewReader(files[x]), ReplaySize: int64(len(files[x])), Logger: slog.New(slog.DiscardHandler),
				})
				check(t, err)
				if diff := diffOf(want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				for _, s := range got.Functions {
					if s.Name == "phy/demodulate" && s.Invocations > 0 && strings.Contains("grid pdu symbols llrs softbits bits blocks", string(x)) {
						t.Errorf("samples were demodulated %d times", s.Invocations)
					}
				}
			})
		}
	}
}

// TestReplayRefuses plays no recording, one of another edge, and edges that there are
// not.
func TestReplayRefuses(t *testing.T) {
	f := openFrame(t)
	var field *nr.FieldError
	if _, err := uplink.New(configOf(f.cfg, uplink.Config{Replay: "llr"})); !errors.As(err, &field) || field.Field != "edge" {
		t.Errorf("got %v", err)
	}
	e, err := uplink.Compose(sfaas.NewGraph("g"), configOf(f.cfg))
	check(t, err)
	if _, err := e.Record("llr", new(bytes.Buffer)); !errors.As(err, &field) || field.Field != "edge" {
		t.Errorf("got %v", err)
	}
	c := f.chain(t, uplink.Config{Replay: uplink.EdgeLLRs})
	if _, err := c.Play(context.Background(), f.rec, uplink.PlayConfig{}); !errors.As(err, &field) || field.Field != "replay" {
		t.Errorf("got %v", err)
	}
	files, _ := recorded(t, f, uplink.Config{Receiver: "ls"})
	other := files[uplink.EdgeBits]
	_, err = c.Play(context.Background(), f.rec, uplink.PlayConfig{Replay: bytes.NewReader(other), ReplaySize: int64(len(other))})
	if err == nil || !strings.Contains(err.Error(), "replay llrs") {
		t.Errorf("got %v", err)
	}
}

// edgesScript opens the recordings of all edges and prints how many rows each has, and
// checks a few values against each other.
const edgesScript = `
import sys, numpy as np, pyarrow as pa
tables = {}
for name in sys.argv[2:]:
    t = pa.ipc.open_file(f"{sys.argv[1]}/{name}.arrow").read_all()
    t.validate(full=True)
    tables[name] = t.to_pylist()
    print(name, t.num_rows)
def c8(x):
    return np.array(x["data"], "f4").view("c8").reshape(x["shape"][:-1])
def ordered(name):  # workers write side by side: rows of different keys are in no order
    return sorted(tables[name], key=lambda row: (row["Slot"], row["ID"]))
for row, llr in zip(ordered("symbols"), ordered("llrs")):
    assert (row["Kind"], row["ID"], row["Slot"]) == (llr["Kind"], llr["ID"], llr["Slot"])
    m, l = row["Message"], llr["Message"]
    z = c8(m["Symbols"]["Z"])
    bits = m["Code"]["CodedBits"]
    assert z.ndim == 2 and z.shape[1] == m["Code"]["NumLayers"] and bits == len(l["LLRs"]["Values"]["data"]), z.shape
    assert row["ID"][1] == m["Symbols"]["RNTI"] == m["Code"]["RNTI"] and row["ID"][2] == m["Code"]["HARQProcess"]
    assert abs(np.mean(np.abs(z) ** 2) - 1) < 0.25
print("grid", c8(tables["grid"][0]["Message"]["Grid"]["RE"]).shape, [g["RNTI"] for g in tables["grants"][1]["Message"]["Grants"]])
`

// TestPyArrowReadsEveryEdge reads the recording of each edge with pyarrow.
func TestPyArrowReadsEveryEdge(t *testing.T) {
	python := testvec.Python(t, "pyarrow", "numpy")
	f := openFrame(t)
	files, report := recorded(t, f, uplink.Config{Receiver: "ls"})
	dir := t.TempDir()
	args := []string{"-c", edgesScript, dir}
	var want strings.Builder
	groups := 0
	for _, s := range report.Functions {
		if s.Name == "phy/estimate" {
			groups = int(s.Invocations)
		}
	}
	for i, x := range uplink.AllEdges() {
		check(t, os.WriteFile(filepath.Join(dir, string(x)+".arrow"), files[x], 0o600))
		args = append(args, string(x))
		n := len(report.Transmissions)
		switch {
		case i < 2 || x == uplink.EdgeGrid:
			n = len(f.slots)
		case i >= 4 && i < 9:
			n = groups
		}
		want.WriteString(string(x) + " " + strconv.Itoa(n) + "\n")
	}
	want.WriteString("grid (4, 14, 288) [4602, 4603]\n")
	out, err := exec.Command(python, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(want.String(), string(out)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestReplayedGrantsCount replays the schedules of three slots: those of the radio's
// recording do not count, in no slot.
func TestReplayedGrantsCount(t *testing.T) {
	f := openFrame(t)
	e, err := uplink.Compose(sfaas.NewGraph("three"), configOf(f.cfg, uplink.Config{Receiver: "ls"}))
	check(t, err)
	var file bytes.Buffer
	end, err := e.Record(uplink.EdgeGrants, &file)
	check(t, err)
	chain, err := e.Build()
	check(t, err)
	defer chain.Close()
	quiet := slog.New(slog.DiscardHandler)
	want, err := chain.Play(context.Background(), f.rec, uplink.PlayConfig{Slots: 3, Logger: quiet})
	check(t, err)
	check(t, end.Close())
	got, err := f.chain(t, uplink.Config{Receiver: "ls", Replay: uplink.EdgeGrants}).Play(context.Background(), f.rec, uplink.PlayConfig{
		Replay: bytes.NewReader(file.Bytes()), ReplaySize: int64(file.Len()), Logger: quiet,
	})
	check(t, err)
	if got.Slots != len(f.slots) || len(got.Transmissions) != len(want.Transmissions) || got.Passed() != want.Passed() || got.Passed() == 0 {
		t.Errorf("%d slots, %d of %d pass, want %d slots, %d of %d", got.Slots, got.Passed(), len(got.Transmissions), len(f.slots), want.Passed(), len(want.Transmissions))
	}
}
