// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/neuroran/neuroran/internal/lint"
)

// TestMain lets the program under test start itself as its child.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestKill kills the program at any moment and starts it again: it goes on at or behind
// the last count that it has printed, and every count of it is that of its slot.
func TestKill(t *testing.T) {
	kills := 4
	if os.Getenv("NEURORAN_LONG") != "" {
		kills = 100
	}
	dir, random := filepath.Join(t.TempDir(), "state"), rand.New(rand.NewPCG(5, 1))
	last := 0
	for i := range kills {
		lines, err := child(t, dir, time.Duration(500+random.IntN(900))*time.Millisecond)
		if err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("kill %d: %v", i, err)
		}
		last = goesOn(t, lines, last)
	}
	if last == 0 {
		t.Error("nothing was counted")
	}
	// In the end it is stopped, and has lost nothing.
	var stdout bytes.Buffer
	ctx, stop := context.WithTimeout(context.Background(), 600*time.Millisecond)
	defer stop()
	if err := run(ctx, dir, &stdout); err != nil {
		t.Fatal(err)
	}
	t.Logf("kills=%d counted=%d", kills, goesOn(t, strings.Split(stdout.String(), "\n"), last))
}

// goesOn checks the lines of one life and returns the last count of it.
func goesOn(t *testing.T, lines []string, last int) int {
	t.Helper()
	from := 0
	if _, err := fmt.Sscanf(lines[0][strings.LastIndex(lines[0], ": ")+2:], "goes on at %d", &from); err != nil || from < last {
		t.Fatalf("it says %q after %d", lines[0], last)
	}
	last = from
	for _, line := range lines[1:] {
		n := 0
		if _, err := fmt.Sscan(line, &n); err == nil && n != last/500*500+500 {
			t.Errorf("%d after %d", n, last)
		} else if err == nil {
			last = n
		}
	}
	return last
}

// child runs the program until it is killed, and returns what it has printed.
func child(t *testing.T, dir string, after time.Duration) (lines []string, err error) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-dir", dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(out); s.Scan(); {
		if len(lines) == 0 {
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
		lines = append(lines, s.Text())
	}
	if err = cmd.Wait(); len(lines) == 0 {
		t.Fatalf("nothing was printed: %v", err)
	}
	return lines, err
}

// TestTree holds this module to what the root module is held to.
func TestTree(t *testing.T) {
	packages, err := lint.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		for _, f := range p.Files {
			for _, issue := range lint.Style(f) {
				t.Error(issue)
			}
		}
	}
}
