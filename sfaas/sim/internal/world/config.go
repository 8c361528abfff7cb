// SPDX-License-Identifier: Apache-2.0

package world

import "time"

// Config says which world a seed draws and what may happen in it.
type Config struct {
	Seed    uint64        // draws everything
	Virtual time.Duration // for how long messages are pushed
	Nodes   [2]int        // least and most
	Cores   int           // most cores of a node

	Moves    float64 // per second, of one piece; now and then of all that a node owns
	Restarts float64 // per second, of a node that owns nothing any more
	Claims   float64 // per second, of a soft piece
	Releases float64 // per second, of a soft piece
	Fed      float64 // share of the moves of soft pieces that are fed which are carried out
	Rests    float64 // per second, of what has no route
	Crashes  float64 // per second, of all nodes at once, restored from a snapshot
	Forgets  float64 // per second, of two nodes that forget each other for a while; and some moves are followed by one

	Engine   bool // commits take time, are refused, lost and out of order
	Answers  bool // and answered late, so that they are offered again, and twice
	Network  bool // promising edges lose, double and reorder
	Faults   bool // handlers fail, some for ever
	Exits    bool // and some do not return
	Parallel bool // there are parallel functions
	Farmed   bool // and one of them is called
	Bytes    bool // what nodes say to each other goes by frames

	Plant string // the bug that is planted, see Plants
	Trace bool   // keep the history as text
}

// Default returns the world that everything has to survive.
func Default(seed uint64) Config {
	return Config{
		Seed: seed, Virtual: 30 * time.Second, Nodes: [2]int{3, 5}, Cores: 3,
		Moves: 30, Restarts: 0.15, Crashes: 0.07, Claims: 0.3, Releases: 0.3, Fed: 0.1, Rests: 0.5,
		Engine: true, Answers: true, Network: true, Faults: true, Exits: true, Parallel: true, Farmed: true,
	}
}

// Forgetful returns a world in which connections are forgotten in the midst of moves,
// between processes or within one.
func Forgetful(seed uint64) Config {
	c := Default(seed)
	c.Virtual, c.Forgets, c.Fed, c.Bytes = 10*time.Second, 2, 0, seed%2 == 1
	return c
}

// Calm returns the same world with one or more nodes in which nothing happens but
// messages.
func Calm(seed uint64) Config {
	return Config{Seed: seed, Virtual: 5 * time.Second, Nodes: [2]int{1, 1}, Cores: 3}
}

// Result is what one seed has shown.
type Result struct {
	Seed       uint64      // that was run
	Violations []Violation // the first ones
	Count      int         // of all violations
	Messages   uint64      // taken by handlers
	Pushed     uint64      // by host code
	Events     uint64      // of all cores
	Moves      uint64      // that have ended well
	Crashes    uint64      // of one node and of all
	Claims     uint64      // of soft pieces, most of an owner that had gone
	Releases   uint64      // of soft pieces, which nobody owned then for a while
	Rests      uint64      // passed on
	Virtual    time.Duration
	History    string   // hash of everything that happened
	Trace      []string // the same as text, if it was asked for
}

// Violation is one broken promise.
type Violation struct {
	At   time.Duration // virtual
	Kind Kind          // oracle that has spoken
	Text string        // what it has to say
}

// Kind says which oracle has spoken.
type Kind string

// The oracles.
const (
	Lost      Kind = "lost"      // a promising edge has not delivered
	Order     Kind = "order"     // a producer's messages to one key came out of order, or twice
	Overtaken Kind = "overtaken" // the same on an edge that does not promise
	State     Kind = "state"     // a counter is not what its messages make
	Early     Kind = "early"     // something left before its commit, or before its time
	Silent    Kind = "silent"    // something is missing that nobody has counted
	Endless   Kind = "endless"   // a wait without a bound
	Reply     Kind = "reply"     // a call was answered twice, or never
	Owned     Kind = "owned"     // somebody has what nobody shall have, or nodes do not agree who has it
	Broken    Kind = "broken"    // the machine returned an error that it must not
)
