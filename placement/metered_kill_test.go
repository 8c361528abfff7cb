// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

const meteredEnv = "NEURORAN_PLACEMENT_METERED"

// meteredApp counts what is pushed, one byte of a file for each: who is killed has written all that
// it has done.
func meteredApp(t testing.TB, oracle io.Writer) (*sfaas.App, sfaas.Input[number]) {
	t.Helper()
	add := sfaas.Define("add", func(c *sfaas.Ctx, out, in *number) error {
		if _, err := oracle.Write([]byte{'.'}); err != nil {
			return err
		}
		*out = *in
		return nil
	}, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("metered")
	in := sfaas.Source[number](g, "in")
	sfaas.Sink(sfaas.Apply(in, add).Cut("out"), "sums")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	return app, in
}

func meteredSpec() Spec {
	return Spec{Unit: sfaas.KindCell, Slot: time.Millisecond, SLA: SLA{Standbys: 1, Availability: 0.5}}
}

// TestMeteredChild is a node in a process of its own, until its input ends or it is killed.
func TestMeteredChild(t *testing.T) {
	var id sfaas.NodeID
	var seed, path string
	if _, err := fmt.Sscan(os.Getenv(meteredEnv), &id, &seed, &path); err != nil {
		t.Skip("another test starts it")
	}
	oracle, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	n, err := Join(t.Context(), Config{Listen: "127.0.0.1:0", Seeds: []string{seed}, Token: []byte("secret"), Node: id, Resources: lends(4, 1<<30), Logger: quietLog, KeepPlaces: true})
	if err != nil {
		t.Fatal(err)
	}
	app, _ := meteredApp(t, oracle)
	if _, err := n.Deploy(app, meteredSpec(), WithRuntime(sfaas.WithMode(sfaas.Replay), sfaas.WithWorkers(1))); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// startMetered starts such a process.
func startMetered(t *testing.T, id sfaas.NodeID, seed, path string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run", "^TestMeteredChild$")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s %s", meteredEnv, id, seed, path))
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

// TestKillsAreMetered kills the process of an owner in the midst of slots, again and again. This
// node pushes, and hears by letters what was used. What each process has really done stands in a
// file. As long as an owner lives, and at rest, it is told exactly; of one that was killed, never more
// than it has done, and all but what it had done since it was last told exactly.
func TestKillsAreMetered(t *testing.T) {
	kills := 3
	if os.Getenv("NEURORAN_LONG") != "" {
		kills = 30
	}
	dir := t.TempDir()
	z := &zone{t: t}
	host := z.join(func(c *Config) { c.Resources, c.KeepPlaces = resource.Inventory{}, true })
	app, in := meteredApp(t, io.Discard)
	dep, err := host.Deploy(app, meteredSpec(), WithRuntime(sfaas.WithMode(sfaas.Replay), sfaas.WithWorkers(1)))
	if err != nil {
		t.Fatal(err)
	}
	unit := dep.Unit(cell1)
	owner := resource.Owner{App: "metered", Unit: sfaas.Unit{Part: "add", Root: cell1}}
	path := func(id sfaas.NodeID) string { return filepath.Join(dir, fmt.Sprint(id)) }
	done := func(id sfaas.NodeID) uint64 { // really
		info, err := os.Stat(path(id))
		if err != nil {
			t.Fatal(err)
		}
		return uint64(info.Size())
	}
	told := func(id sfaas.NodeID) uint64 { return host.Usage().At(owner, id).Invocations }
	processes := map[sfaas.NodeID]*exec.Cmd{}
	next := sfaas.NodeID(2)
	start := func() {
		processes[next] = startMetered(t, next, host.Address(), path(next))
		next++
	}
	start()
	start()
	slot := sfaas.Slot(0)
	push := func(n int) {
		for range n {
			slot++
			_ = in.PushValue(unit, cell1, slot, &number{1}) // what is lost is in no file
			time.Sleep(200 * time.Microsecond)
		}
	}
	var unknown, pushedAfter []uint64
	for k := range kills {
		z.await(host, len(processes)+1)
		eventually(t, "the unit has its standby", func() bool { // who has just started may not have deployed
			ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
			defer stop()
			return unit.Ensure(ctx) == nil
		})
		id := unit.Routes()[0].Owner
		push(50)
		exact := func() bool { return done(id) > 0 && told(id) == done(id) }
		eventually(t, fmt.Sprintf("kill %d: node %d is told of exactly", k, id), exact)
		before := done(id)
		const midst = 60
		push(midst / 2)
		kill := processes[id]
		if err := kill.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		push(midst / 2)
		_ = kill.Wait()
		delete(processes, id)
		start()
		eventually(t, "the unit is claimed", func() bool {
			r := unit.Routes()
			return r[0].Owner != id && r[0].Owner != 0
		})
		now, heard := done(id), told(id)
		if heard > now || heard < before || now-before > midst {
			t.Errorf("kill %d: node %d did %d, then %d when it was killed, and %d were told", k, id, before, now, heard)
		}
		unknown, pushedAfter = append(unknown, now-heard), append(pushedAfter, now-before)
	}
	push(50)
	for id := range processes {
		if _, err := os.Stat(path(id)); err != nil {
			continue // it has started a moment ago
		}
		eventually(t, fmt.Sprintf("node %d is told of exactly in the end", id), func() bool { return told(id) == done(id) })
	}
	all, really := host.Usage().Total(owner).Invocations, uint64(0)
	lost := uint64(0)
	for id := sfaas.NodeID(2); id < next; id++ {
		if _, err := os.Stat(path(id)); err == nil {
			really += done(id)
		}
	}
	for _, n := range unknown {
		lost += n
	}
	t.Logf("%d pushes, %d were done, %d counted; unknown at each kill %v, of %v done since the last exact count", slot, really, all, unknown, pushedAfter)
	if all+lost != really || really > uint64(slot) {
		t.Errorf("%d counted and %d unknown, of %d done and %d pushed", all, lost, really, slot)
	}
	for _, p := range host.Report().Promises {
		if p.Slots == 0 || p.Availability() < 0.5 {
			t.Errorf("promise: %v", p)
		}
		t.Log(p)
	}
}
