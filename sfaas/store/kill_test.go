// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bufio"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// What a test tells its children: which one they are, by the folder that is theirs, the
// number of a node, and whether they are not to be killed.
const (
	childEnv   = "NEURORAN_STORE_CHILD"
	smokeEnv   = "NEURORAN_STORE_SMOKE"
	fleetEnv   = "NEURORAN_STORE_FLEET"
	fleetIDEnv = "NEURORAN_STORE_NODE"
	rosterEnv  = "NEURORAN_STORE_ROSTER"
	lastEnv    = "NEURORAN_STORE_LAST"
)

// TestMain lets tests start this program as their child.
func TestMain(m *testing.M) {
	var err error
	switch {
	case os.Getenv(childEnv) != "":
		err = child(os.Getenv(childEnv))
	case os.Getenv(smokeEnv) != "":
		err = smokeChild(os.Getenv(smokeEnv), 200, os.Getenv(lastEnv) != "")
	case os.Getenv(fleetEnv) != "":
		id, _ := strconv.Atoi(os.Getenv(fleetIDEnv))
		err = fleetNode(os.Getenv(fleetEnv), id, os.Getenv(lastEnv) != "")
	case os.Getenv(rosterEnv) != "":
		id, _ := strconv.Atoi(os.Getenv(fleetIDEnv))
		err = rosterNode(os.Getenv(rosterEnv), id, os.Getenv(lastEnv) != "")
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// life starts a child, kills it a while after its first line, if after is not 0, and
// returns its lines.
func life(t *testing.T, after time.Duration, env ...string) (lines []string, err error) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(out); s.Scan(); {
		if len(lines) == 0 && after > 0 {
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
		lines = append(lines, s.Text())
	}
	return lines, cmd.Wait()
}

const childUnits = 8

// child counts on from what a store holds, under a new epoch, until it is killed, and
// says what it has been acknowledged.
func child(dir string) error {
	s, err := Open(dir, &Options{memTable: 256 << 10})
	if err != nil {
		return err
	}
	c := newCounter(childUnits, 300)
	if c.acked, err = c.read(s); err != nil {
		return err
	}
	epoch, err := newest(s)
	if err != nil {
		return err
	}
	var line sync.Mutex
	var wg sync.WaitGroup
	for u := range c.units {
		wg.Go(func() {
			for seq := uint64(1); ; seq++ {
				n := c.acked[u] + seq
				r := c.record(u, n)
				r.Epoch, r.Seq, r.Core = epoch+1, seq, u%2
				if err := commit(s, r)[0]; err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				line.Lock()
				fmt.Println(u, n)
				line.Unlock()
			}
		})
	}
	wg.Wait()
	return nil
}

// newest returns the newest epoch of any unit.
func newest(s *Store) (newest uint32, err error) {
	err = s.Load(func(_ sfaas.Unit, epoch uint32, _ iter.Seq2[[]byte, []byte]) error {
		newest = max(newest, epoch)
		return nil
	})
	return newest, err
}

// TestKill kills a process that counts, at any moment, and starts it again. What it was
// acknowledged is there, whole and once. Ten times, or, with NEURORAN_LONG, a hundred.
func TestKill(t *testing.T) {
	kills := 10
	if os.Getenv("NEURORAN_LONG") != "" {
		kills = 100
	}
	dir := filepath.Join(t.TempDir(), "state")
	random := rand.New(rand.NewPCG(11, 1))
	c := newCounter(childUnits, 300)
	for i := range kills {
		acked := killed(t, dir, slices.Clone(c.acked), time.Duration(20+random.IntN(180))*time.Millisecond)
		s, err := Open(dir, &Options{memTable: 256 << 10})
		if err != nil {
			t.Fatalf("kill %d: %v", i, err)
		}
		c.acked = c.check(t, s, acked)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			t.Fatalf("kill %d", i)
		}
	}
	t.Logf("kills=%d counted=%d", kills, c.acked)
}

// killed lets a child run for a while after its first acknowledgement, and returns the
// last ones that it has told of.
func killed(t *testing.T, dir string, acked []uint64, after time.Duration) []uint64 {
	t.Helper()
	lines, err := life(t, after, childEnv+"="+dir)
	if len(lines) == 0 || err == nil {
		t.Fatalf("the child has ended by itself: %v", err)
	}
	for _, line := range lines {
		var u int
		var n uint64
		if _, err := fmt.Sscan(line, &u, &n); err == nil && n == acked[u]+1 {
			acked[u] = n
		} else if err == nil {
			t.Errorf("unit %d was acknowledged %d after %d", u, n, acked[u])
		}
	}
	return acked
}
