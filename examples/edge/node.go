// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/placement"
	"github.com/neuroran/neuroran/placement/gossip"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// roleEnv has the role of a process that this program has started.
const roleEnv = "NEURORAN_EDGE"

// token is what nodes share: they are all of this machine.
var token = []byte("examples/edge")

// role is what a node in a process of its own needs to know.
type role struct {
	Node   sfaas.NodeID
	Gossip string // of the radio's node
	Cores  int
}

// lent is what each node lends of this machine, which all of them share: as many processors
// as are said, and the power of an edge server.
func (r *role) lent() resource.Inventory {
	v := resource.Discover()
	v.CPUs = nil
	for i := range r.Cores {
		v.CPUs = append(v.CPUs, resource.CPU{ID: i, Core: i})
	}
	v.Quota = 0
	v.Power = resource.GuessPower(16)
	return v
}

// receiver returns the chain of the recording's carrier, whose blocks come out behind a cut.
func receiver() (*uplink.Chain, *sigmf.Recording, error) {
	rec := sigmf.Sample()
	c, err := uplink.New(uplink.Config{Config: block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels}, Receiver: "ls", Cuts: []uplink.Edge{uplink.EdgeBlocks}})
	return c, rec, err
}

// serve is the whole life of a node: it joins, deploys, and leaves when it is told to, or when
// who has started it is gone.
func serve(text string) error {
	var r role
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return err
	}
	chain, rec, err := receiver()
	if err != nil {
		return err
	}
	defer chain.Close()
	ctx := context.Background()
	members := gossip.New(gossip.Config{Listen: "127.0.0.1:0", Seeds: []string{r.Gossip}, Token: token})
	node, err := placement.Join(ctx, placement.Config{Listen: "127.0.0.1:0", Token: token, Node: r.Node, Resources: r.lent(), Membership: members, Logger: quiet()})
	if err != nil {
		return err
	}
	warm := func(ctx context.Context, rt *sfaas.Runtime, keys []sfaas.Key) error {
		var grants []nr.Grant
		for _, s := range rec.Slots() {
			for _, x := range s.Transmissions {
				grants = append(grants, x.Grant)
			}
		}
		return chain.Warm(ctx, rt, keys, 0, grants...)
	}
	_, err = node.Deploy(chain.App, spec(), placement.WithWarm(warm),
		placement.WithRuntime(sfaas.WithMode(sfaas.Replay), sfaas.WithThreads(sfaas.Threads{Policy: sfaas.SchedFIFO, Priority: 10, Fallback: true}), sfaas.WithWorkers(1)))
	if err == nil {
		fmt.Println("ready")
		bufio.NewScanner(os.Stdin).Scan()
	}
	ctx, stop := context.WithTimeout(ctx, leaveTime)
	defer stop()
	return errors.Join(err, node.Leave(ctx))
}

// leaveTime is how long a node may take to leave.
const leaveTime = 20 * time.Second

// other is a node in a process that this one has started.
type other struct {
	cmd *exec.Cmd
	in  interface{ Close() error }
}

// startOther starts the process of a node, and waits until it has deployed.
func startOther(r role) (*other, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	o := &other{cmd: exec.Command(exe)}
	o.cmd.Env = append(os.Environ(), roleEnv+"="+string(text))
	o.cmd.Stderr = os.Stderr
	in, err := o.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	o.in = in
	outPipe, err := o.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := o.cmd.Start(); err != nil {
		return nil, err
	}
	if s := bufio.NewScanner(outPipe); !s.Scan() {
		o.kill()
		return nil, fmt.Errorf("node %d has not started", r.Node)
	}
	return o, nil
}

// leave lets the node leave, and waits until its process has ended.
func (o *other) leave() error {
	return errors.Join(o.in.Close(), o.cmd.Wait())
}

func (o *other) kill() {
	_ = o.cmd.Process.Kill()
	_ = o.cmd.Wait()
}

// quiet is a logger for processes beside a table.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
