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
	var n *Node
	for tries := 0; ; tries++ { // another process may take the port that was found, see Node.open
		n, err = Join(t.Context(), Config{Listen: "127.0.0.1:0", Seeds: []string{seed}, Token: []byte("secret"), Node: id, Resources: lends(4, 1<<30), Logger: quietLog, KeepPlaces: true})
		if err == nil {
			break
		}
		fmt.Fprintln(os.Stderr, "node", id, err)
		if tries == 5 {
			t.Fatal(err)
		}
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

// killing is owners that are killed, and this node, which pushes and hears what was used.
type killing struct {
	t         *testing.T
	host      *Node
	unit      *Unit
	in        sfaas.Input[number]
	owner     resource.Owner
	dir       string
	processes map[sfaas.NodeID]*exec.Cmd
	next      sfaas.NodeID
	slot      sfaas.Slot
	pushed    uint64
}

func newKilling(t *testing.T) *killing {
	z := &zone{t: t}
	x := &killing{t: t, dir: t.TempDir(), processes: map[sfaas.NodeID]*exec.Cmd{}, next: 2}
	x.host = z.join(func(c *Config) { c.Resources, c.KeepPlaces = resource.Inventory{}, true })
	app, in := meteredApp(t, io.Discard)
	dep, err := x.host.Deploy(app, meteredSpec(), WithRuntime(sfaas.WithMode(sfaas.Replay), sfaas.WithWorkers(1)))
	if err != nil {
		t.Fatal(err)
	}
	x.unit, x.in = dep.Unit(cell1), in
	x.owner = resource.Owner{App: "metered", Unit: sfaas.Unit{Part: "add", Root: cell1}}
	return x
}

func (x *killing) path(id sfaas.NodeID) string { return filepath.Join(x.dir, fmt.Sprint(id)) }

// done returns what a process has really done.
func (x *killing) done(id sfaas.NodeID) uint64 {
	info, err := os.Stat(x.path(id))
	if err != nil {
		return 0 // it has started a moment ago
	}
	return uint64(info.Size())
}

// told returns what this node has heard of it.
func (x *killing) told(id sfaas.NodeID) uint64 { return x.host.Usage().At(x.owner, id).Invocations }

func (x *killing) start() {
	x.processes[x.next] = startMetered(x.t, x.next, x.host.Address(), x.path(x.next))
	x.next++
}

// perSlot is how many messages come per slot.
const perSlot = 5

func (x *killing) push(n int) {
	for range n {
		x.pushed++
		x.slot = sfaas.Slot(x.pushed/perSlot + 1)
		_ = x.in.PushValue(x.unit, cell1, x.slot, &number{1}) // what is lost is in no file
		time.Sleep(200 * time.Microsecond)
	}
}

// midst is how many slots are pushed around a kill.
const midst = 60

// kill kills the owner in the midst of slots, and returns how many of what it had done were not
// told in the end, of how many since it was last told of exactly. What the owner has done in
// the slot in which it was killed it may have told nobody; all else its standby knows.
func (x *killing) kill() (unknown, since uint64) {
	for tries := 1; ; tries++ { // who has just started may not have deployed
		ctx, stop := context.WithTimeout(x.t.Context(), 10*time.Second)
		err := x.unit.Ensure(ctx)
		stop()
		if err == nil {
			break
		}
		if tries == 6 {
			x.t.Fatalf("the unit has no standby: %v\n%v", err, x.host.Report())
		}
		time.Sleep(50 * time.Millisecond)
	}
	id := x.unit.Routes()[0].Owner
	x.push(50)
	eventually(x.t, fmt.Sprintf("node %d is told of exactly", id), func() bool { return x.done(id) > 0 && x.told(id) == x.done(id) })
	before := x.done(id)
	x.push(midst / 2)
	process := x.processes[id]
	if err := process.Process.Kill(); err != nil {
		x.t.Fatal(err)
	}
	x.push(midst / 2)
	_ = process.Wait()
	delete(x.processes, id)
	x.start()
	eventually(x.t, "the unit is claimed", func() bool {
		r := x.unit.Routes()
		return r[0].Owner != id && r[0].Owner != 0
	})
	now := x.done(id)
	eventually(x.t, fmt.Sprintf("all but a slot of node %d is told: of %d", id, now), func() bool { return x.told(id)+perSlot >= now })
	heard := x.told(id)
	if heard > now || heard < before || now-before > midst {
		x.t.Errorf("node %d did %d, then %d when it was killed, and %d were told", id, before, now, heard)
	}
	return now - heard, now - before
}

// TestKillsAreMetered kills the process of an owner in the midst of slots, again and again. This
// node pushes, and hears by letters what was used. What each process has really done stands in a
// file. As long as an owner lives, and at rest, it is told exactly; of one that was killed, never more
// than it has done, and all but what it had done in a slot: its standby has heard the rest.
func TestKillsAreMetered(t *testing.T) {
	kills := 3
	if os.Getenv("NEURORAN_LONG") != "" {
		kills = 30
	}
	x := newKilling(t)
	for n := range 2 { // one after the other: two that join at once do not always find each other at once
		x.start()
		if err := x.host.Await(t.Context(), n+2); err != nil {
			t.Fatal(err)
		}
	}
	var unknown, since []uint64
	lost, really := uint64(0), uint64(0)
	for range kills {
		u, s := x.kill()
		unknown, since, lost = append(unknown, u), append(since, s), lost+u
	}
	x.push(50)
	for id := range x.processes {
		eventually(t, fmt.Sprintf("node %d is told of exactly in the end", id), func() bool { return x.told(id) == x.done(id) })
	}
	for id := sfaas.NodeID(2); id < x.next; id++ {
		really += x.done(id)
	}
	all := x.host.Usage().Total(x.owner).Invocations
	t.Logf("%d pushes, %d were done, %d counted; unknown at each kill %v, of %v done since the last exact count", x.pushed, really, all, unknown, since)
	if all+lost != really || really > x.pushed {
		t.Errorf("%d counted and %d unknown, of %d done and %d pushed", all, lost, really, x.pushed)
	}
	// A slot in which its owner was killed may have been done, and not be one with work yet.
	eventually(t, "what was done counts as served", func() bool {
		p := x.host.Report().Promises
		return len(p) == 1 && p[0].Slots > 0 && perSlot*(p[0].Served+uint64(kills))+lost >= really
	})
	t.Log(x.host.Report().Promises[0])
}
