// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/phy/neural"
	"github.com/neuroran/neuroran/phy/nr"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	args := []string{"-modulation", "qpsk", "-steps", "3", "-seed", "9", "-dir", dir}
	if err := run(context.Background(), args, &stdout, &stderr); err != nil {
		t.Fatalf("%v; %s", err, &stderr)
	}
	m, err := accel.LoadModel(filepath.Join(dir, "llrnet-qpsk.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Expect(neural.Signature(nr.QPSK)); err != nil {
		t.Error(err)
	}
	if !strings.Contains(stdout.String(), m.SHA256()) || !strings.Contains(m.Graph().Metadata["recipe"], `"seed":9`) {
		t.Errorf("printed %s, recipe %s", &stdout, m.Graph().Metadata["recipe"])
	}
}

func TestRunRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{}, {"-modulation", "1024qam"}, {"-nonsense"}, {"-modulation", "qpsk", "-hidden", "1"}} {
		if err := run(context.Background(), append(args, "-dir", dir), new(bytes.Buffer), new(bytes.Buffer)); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
	if err := run(context.Background(), []string{"-modulation", "pi2bpsk", "-dir", dir}, new(bytes.Buffer), new(bytes.Buffer)); !errors.Is(err, nr.ErrUnsupported) {
		t.Errorf("π/2-BPSK: got %v, want ErrUnsupported", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("files are left: %v", files)
	}
}

func TestTables(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "weights")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := writeTables(dir, []row{{"llrnet-x", "abc", "| line |\n"}}); err != nil {
		t.Fatal(err)
	}
	table, err1 := os.ReadFile(filepath.Join(dir, "README.md"))
	hashes, err2 := os.ReadFile(filepath.Join(root, "hashes_gen.go"))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(table), "| line |\n") || !strings.Contains(string(hashes), `"llrnet-x": "abc",`) {
		t.Errorf("wrote\n%s\n%s", table, hashes)
	}
}
