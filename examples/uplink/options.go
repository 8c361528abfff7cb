// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the arguments of the program.
type options struct {
	recording string // "" for the one that ships with the program
	schedule  string // a gNB log; "" for the recording's annotations
	search    time.Duration
	receiver  string
	device    string
	slots     int
	json      bool
	realTime  bool
	plot      string
	record    tapes
	replay    tapes
	diagnose  bool
	rntis     []uint16 // that -diagnose tries
	ids       []int    // scrambling identities that it tries
}

// parse reads the arguments. Its errors name the argument; help goes to stdout.
func parse(args []string, stdout io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("uplink", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.recording, "recording", "", "`file`.sigmf-meta to decode (default: one that is part of the program)")
	flags.StringVar(&o.schedule, "schedule", "", "`file`.csv of a gNB log with the grants, in the place of the recording's annotations")
	flags.DurationVar(&o.search, "search", 0, "search the schedule by its DM-RS this `time` earlier and later, up to 50ms (default: 0, with -schedule 10ms)")
	flags.StringVar(&o.receiver, "receiver", "lmmse", "ls, lmmse or neural")
	flags.StringVar(&o.device, "device", "ref", "device of the neural demapper: ref or ort/cpu")
	flags.IntVar(&o.slots, "slots", 0, "decode the first `N` slots (default: all)")
	flags.BoolVar(&o.json, "json", false, "print one JSON object a transmission, and a summary")
	flags.BoolVar(&o.realTime, "realtime", false, "hand slots over at the pace of the carrier and skip late work")
	flags.Var(&o.record, "record", "write what travels on an edge to a file: `EDGE=FILE`.arrow, any number of times")
	flags.Var(&o.replay, "replay", "let a file take the place of an edge: `EDGE=FILE`.arrow; grants, unless they are that edge, and slots to decode are those of the recording")
	flags.StringVar(&o.plot, "plot", "", "write constellation.svg and timeline.svg to `folder`")
	flags.BoolVar(&o.diagnose, "diagnose", false, "try what else the metadata could say, where transmissions do not pass")
	flags.Func("try-rnti", "with -diagnose: `RNTIs` that a UE may have, separated by commas", func(list string) error {
		return numbers(list, 1<<16-1, func(n int) { o.rntis = append(o.rntis, uint16(n)) })
	})
	flags.Func("try-id", "with -diagnose: scrambling `identities` of data or DM-RS, separated by commas", func(list string) error {
		return numbers(list, 1<<16-1, func(n int) { o.ids = append(o.ids, n) })
	})
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		flags.Usage()
		return nil, err
	case err != nil:
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("argument %q: got one, want only flags", flags.Arg(0))
	}
	set := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
	return o, o.check(set)
}

// numbers reads a list of integers of 0…most.
func numbers(list string, most int, add func(int)) error {
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(text), 0, 64)
		if err != nil || n > uint64(most) {
			return fmt.Errorf("got %q, want integers of 0…%d separated by commas", text, most)
		}
		add(int(n))
	}
	return nil
}

// check reports the first value that is not allowed; set names the flags given.
func (o *options) check(set map[string]bool) error {
	for _, f := range []struct {
		name, got string
		want      []string
	}{
		{"receiver", o.receiver, []string{"ls", "lmmse", "neural"}},
		{"device", o.device, []string{"ref", "ort/cpu"}},
	} {
		if !slices.Contains(f.want, f.got) {
			return fmt.Errorf("-%s: got %q, want one of %s", f.name, f.got, strings.Join(f.want, ", "))
		}
	}
	if set["device"] && o.receiver != "neural" {
		return fmt.Errorf("-device: got %q for receiver %s, want none: only neural runs on a device", o.device, o.receiver)
	}
	if set["slots"] && o.slots < 1 {
		return fmt.Errorf("-slots: got %d, want 1 or more", o.slots)
	}
	if !o.diagnose && (set["try-rnti"] || set["try-id"]) {
		return errors.New("-try-rnti, -try-id: got one, want -diagnose with it")
	}
	if len(o.replay) > 1 {
		return fmt.Errorf("-replay: got %d edges, want one", len(o.replay))
	}
	if o.search < 0 {
		return fmt.Errorf("-search: got %v, want 0 or more", o.search)
	}
	for name, value := range map[string]string{"recording": o.recording, "schedule": o.schedule, "plot": o.plot} {
		if set[name] && value == "" {
			return fmt.Errorf("-%s: got nothing, want a name", name)
		}
	}
	return nil
}

// ranOn returns the device of the receiver's networks, "" for a receiver without any: the
// others are Go, whatever the default is.
func (o *options) ranOn() string {
	if o.receiver == "neural" {
		return o.device
	}
	return ""
}
