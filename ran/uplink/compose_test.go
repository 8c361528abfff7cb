// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// power is what a further function says of a channel.
type power struct {
	Gain, Limit float64
}

// TestComposeIntoOwnGraph adds a function with a port, and taps, to the receiver: the
// blocks are those of the receiver alone, and every channel has gone through the
// function.
func TestComposeIntoOwnGraph(t *testing.T) {
	f := openFrame(t)
	limit := sfaas.NewValue[float64]("limit", sfaas.Volatile)
	measure := sfaas.Define("own/power", func(c *sfaas.Ctx, out *power, in *block.Channel) error {
		out.Gain = 0
		for _, h := range in.Anchors.Data() {
			out.Gain += float64(real(h)*real(h) + imag(h)*imag(h))
		}
		out.Limit, _ = limit.Get(c)
		return nil
	}, sfaas.FunctionConfig{}, limit)
	limits := sfaas.OnSetting(measure, func(c *sfaas.Ctx, in *float64) error { limit.Set(c, *in); return nil })

	g := sfaas.NewGraph("mine")
	e, err := uplink.Compose(g, configOf(f.cfg))
	check(t, err)
	var powers, prefixed atomic.Int64
	uplink.Tap(e, sfaas.Apply(e.Channel, measure), "powers", func(_ sfaas.Header, p *power) {
		if p.Gain > 0 {
			powers.Add(1)
		}
	})
	port := sfaas.Source[float64](g, "limits")
	sfaas.Control(port, limits)
	uplink.Tap(e, e.LLRs, "llrs", func(_ sfaas.Header, x *block.LLRs) { prefixed.Add(int64(x.Code.CodedBits) - int64(x.Values.Len())) })
	chain, err := e.Build()
	check(t, err)
	check(t, chain.Check(f.rec))
	report, err := chain.Play(context.Background(), f.rec, uplink.PlayConfig{Logger: slog.New(slog.DiscardHandler)})
	check(t, err)
	if diff := diffOf(f.play(t, f.chain(t)), report); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	groups := 0
	for _, s := range report.Functions {
		if s.Name == "phy/estimate" {
			groups = int(s.Invocations)
		}
	}
	if n := int(powers.Load()); n != groups || n == 0 || prefixed.Load() != 0 {
		t.Errorf("%d powers of %d channels", n, groups)
	}
}

// TestEveryEdgeIsThere taps all edges of a receiver: each has a message for every slot,
// PRB group or transmission.
func TestEveryEdgeIsThere(t *testing.T) {
	f := openFrame(t)
	e, err := uplink.Compose(sfaas.NewGraph("taps"), configOf(f.cfg))
	check(t, err)
	ofSlots := []*atomic.Int64{count(e, e.Slots, "1"), count(e, e.Grants, "2"), count(e, e.Grid, "3")}
	ofGroups := []*atomic.Int64{count(e, e.PDU, "4"), count(e, e.Pilots, "5"), count(e, e.Data, "6"), count(e, e.Aligned, "7"), count(e, e.Channel, "8")}
	ofUEs := []*atomic.Int64{
		count(e, e.Symbols, "9"), count(e, e.LLRs, "10"), count(e, e.SoftBits, "11"), count(e, e.Bits, "12"),
		count(e, e.Blocks, "13"), count(e, e.UEGrants, "14"),
	}
	c, err := e.Build()
	check(t, err)
	f.play(t, c)
	groups := ofGroups[0].Load()
	if groups == 0 {
		t.Error("no PDU")
	}
	for want, all := range map[int64][]*atomic.Int64{int64(len(f.slots)): ofSlots, groups: ofGroups, int64(len(f.rec.Transmissions)): ofUEs} {
		for i, n := range all {
			if n.Load() != want {
				t.Errorf("edge %d of those with %d messages: %d", i, want, n.Load())
			}
		}
	}
}

// count counts the messages of a stream.
func count[T any](e *uplink.Edges, from sfaas.Stream[T], name string) *atomic.Int64 {
	n := new(atomic.Int64)
	uplink.Tap(e, from, name, func(sfaas.Header, *T) { n.Add(1) })
	return n
}

// TestComposeRefuses composes two receivers into one graph, whose functions have one
// name, and a receiver of no carrier.
func TestComposeRefuses(t *testing.T) {
	f := openFrame(t)
	g := sfaas.NewGraph("two")
	_, err := uplink.Compose(g, configOf(f.cfg))
	check(t, err)
	e, err := uplink.Compose(g, configOf(f.cfg, uplink.Config{Receiver: "neural"}))
	check(t, err)
	var wiring *sfaas.WiringError
	if _, err := e.Build(); !errors.As(err, &wiring) {
		t.Errorf("got %v", err)
	}
	var field *nr.FieldError
	if _, err := uplink.Compose(sfaas.NewGraph("none"), uplink.Config{}); !errors.As(err, &field) {
		t.Errorf("got %v", err)
	}
}
