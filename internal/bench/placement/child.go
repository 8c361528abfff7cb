// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/neuroran/neuroran/placement"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// roleEnv has the role of a process that this program has started.
const roleEnv = "NEURORAN_BENCH_PLACEMENT"

// role is what a node in a process of its own needs to know.
type role struct {
	Node      sfaas.NodeID
	Seed      string
	Recording string
	Receiver  string
	Cuts      []uplink.Edge
	Spec      placement.Spec
}

// token is what the nodes share: they are all of this machine.
var token = []byte("internal/bench/placement")

// serve is the whole life of such a node: it joins, deploys, and answers what it is asked.
func serve(text string) error {
	var r role
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return err
	}
	a, err := openAir(r.Recording)
	if err != nil {
		return err
	}
	chain, err := a.chain(r.Receiver, r.Cuts...)
	if err != nil {
		return err
	}
	defer chain.Close()
	ctx := context.Background()
	node, err := placement.Join(ctx, placement.Config{Listen: "127.0.0.1:0", Seeds: []string{r.Seed}, Token: token, Node: r.Node, Resources: resource.Discover(), KeepPlaces: true})
	if err != nil {
		return err
	}
	defer node.Leave(ctx)
	threads := sfaas.Threads{Policy: sfaas.SchedFIFO, Priority: 10, Fallback: true}
	var seen diary
	dep, err := node.Deploy(chain.App, r.Spec, placement.WithWarm(a.warm(chain)), placement.WithEvents(seen.note),
		placement.WithRuntime(sfaas.WithMode(sfaas.Replay), sfaas.WithWorkers(1), sfaas.WithThreads(threads)))
	if err != nil {
		return err
	}
	fmt.Println("+ ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch in.Text() {
		case "use":
			fmt.Println("+", useOf(dep))
		case "claim":
			fmt.Println("+", claim(dep, r.Node, a.key()))
		case "events":
			fmt.Println("+", seen.take())
		case "report":
			fmt.Println("+", strings.ReplaceAll(node.Report().String(), "\n", "; "))
		default:
			fmt.Println("+ what?")
		}
	}
	return nil
}

// claim takes the cell from its owner, who lives: as a standby would that is mistaken.
func claim(dep *placement.Deployment, node sfaas.NodeID, key sfaas.Key) error {
	for _, r := range dep.Unit(key).Routes() {
		if err := dep.Runtime().Claim(r.Unit, (r.Epoch>>20+1)<<20|uint32(node)<<8); err != nil {
			return err
		}
	}
	return nil
}

// use is what a process has used.
type use struct {
	CPU   time.Duration
	Edges map[string]uint64 // payload bytes that have come from other nodes, by edge
}

func useOf(dep *placement.Deployment) string {
	u := use{CPU: processTime(), Edges: map[string]uint64{}}
	edges := dep.Runtime().App().Edges()
	for _, s := range dep.Runtime().Units(nil) {
		for _, e := range s.Edges {
			if x := edges[e.Edge-1]; e.Remote > 0 {
				u.Edges[x.From+" → "+x.To+strings.TrimSuffix(":"+x.Port, ":")] += e.Remote
			}
		}
	}
	b, _ := json.Marshal(u)
	return string(b)
}

// over returns the bytes that have come over edges from a function.
func (u *use) over(from string) (n uint64) {
	for name, x := range u.Edges {
		if strings.HasPrefix(name, from+" ") {
			n += x
		}
	}
	return n
}

// processTime returns the processor time of this process.
func processTime() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
