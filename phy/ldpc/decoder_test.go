// SPDX-License-Identifier: Apache-2.0

package ldpc

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/phy/crc"
	"github.com/neuroran/neuroran/phy/nr"
)

// receive returns int8 LLRs of the first sent bits of a codeword d over BPSK
// with noise of standard deviation sigma: 0 at positions that are not sent, +127
// at filler positions.
func receive(rng *rand.Rand, c Config, d []byte, sent int, sigma float64) []int8 {
	soft := make([]int8, len(d))
	for i, b := range d[:sent] {
		y := 1 - 2*float64(b) + sigma*rng.NormFloat64()
		soft[i] = int8(math.Round(min(max(2*y/(sigma*sigma)*8, -120), 120)))
	}
	k := c.K() - 2*c.Z
	for i := max(k-c.Filler, 0); i < k; i++ {
		soft[i] = 127
	}
	return soft
}

// block is one random code block, sent and received.
type testBlock struct {
	src  []byte
	soft []int8
}

// newBlock sends a random block as far as the rows of c reach.
func newBlock(tb testing.TB, rng *rand.Rand, c Config, poly crc.Poly, sigma float64) testBlock {
	tb.Helper()
	src := randomBits(rng, c.PayloadBits())
	poly.AttachBits(src)
	word := encode(tb, c, src)
	sent := (c.BaseGraph.InfoColumns() + c.rows() - numPunctured) * c.Z
	return testBlock{src, receive(rng, c, word[2*c.Z:], sent, sigma)}
}

func newDecoder(tb testing.TB, c DecoderConfig) *Decoder {
	tb.Helper()
	d, err := NewDecoder(Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	if err := d.Configure(c); err != nil {
		tb.Fatal(err)
	}
	return d
}

// TestDecodeInvertsEncode sends random blocks of every code with little noise.
func TestDecodeInvertsEncode(t *testing.T) {
	const seed = 6
	rng := rand.New(rand.NewPCG(seed, 0))
	dec := newDecoder(t, DecoderConfig{Config: Config{BaseGraph: BG1, Z: 2}})
	for _, bg := range []BaseGraph{BG1, BG2} {
		for _, z := range LiftingSizes() {
			for _, rows := range []int{4, 9, 0} {
				c := Config{BaseGraph: bg, Z: z, Filler: z + z/3, Rows: rows}
				b := newBlock(t, rng, c, crc.None, 0.3)
				if err := dec.Configure(DecoderConfig{Config: c, MaxIterations: 20}); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, len(b.src))
				res, err := dec.Decode(got, b.soft)
				if err != nil {
					t.Fatal(err)
				}
				if !res.Converged || !res.CRC || !slices.Equal(got, b.src) {
					t.Errorf("seed %d, BG%d, Z %d, rows %d: %+v, equal %v", seed, bg, z, rows, res, slices.Equal(got, b.src))
				}
			}
		}
	}
}

// TestDecodePacked compares both forms of the decision, with and without a CRC,
// on blocks that decode and on blocks that do not.
func TestDecodePacked(t *testing.T) {
	const seed = 7
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, sigma := range []float64{0.4, 3} {
		for _, filler := range []int{0, 1, 7, 60} {
			c := Config{BaseGraph: BG2, Z: 30, Filler: filler}
			d := newDecoder(t, DecoderConfig{Config: c, CRC: crc.CRC16})
			b := newBlock(t, rng, c, crc.CRC16, sigma)
			bits, packed := make([]byte, len(b.src)), make([]byte, (len(b.src)+7)/8)
			res, err := d.Decode(bits, b.soft)
			if err != nil {
				t.Fatal(err)
			}
			again, err := d.DecodePacked(packed, b.soft)
			if err != nil {
				t.Fatal(err)
			}
			if res != again || res.CRC != slices.Equal(bits, b.src) || res.CRC != (sigma < 1) {
				t.Errorf("seed %d, sigma %v, filler %d: %+v and %+v", seed, sigma, filler, res, again)
			}
			for i, bit := range bits {
				if packed[i/8]>>(7-i%8)&1 != bit {
					t.Fatalf("filler %d: bit %d differs", filler, i)
				}
			}
		}
	}
}

// TestUnusedRows decodes with exactly the rows that the sent bits need and with
// all rows: the rows behind add nothing, so the same blocks must come out.
func TestUnusedRows(t *testing.T) {
	const seed, z = 8, 64
	rng := rand.New(rand.NewPCG(seed, 0))
	full := Config{BaseGraph: BG1, Z: z}
	for _, sent := range []int{24 * z, 24*z + 1, 30*z - 5, 66 * z} {
		few := full.ForLength(sent)
		if want := max(4, (sent+z-1)/z-20); few.Rows != want {
			t.Errorf("%d bits: %d rows, want %d", sent, few.Rows, want)
		}
		src := randomBits(rng, full.PayloadBits())
		soft := receive(rng, full, encode(t, full, src)[2*z:], sent, 0.4)
		for _, c := range []Config{few, full} {
			got := make([]byte, len(src))
			res, err := newDecoder(t, DecoderConfig{Config: c, MaxIterations: 30}).Decode(got, soft)
			if err != nil || !res.Converged || !slices.Equal(got, src) {
				t.Errorf("seed %d, %d bits, rows %d: %+v, %v", seed, sent, c.Rows, res, err)
			}
		}
	}
}

// TestStopsAtCRC decodes the same blocks with and without their CRC: with it, no
// block may take longer, some must be faster, and all must be right. Blocks of
// zeros, for which every CRC holds, must wait for the parity checks.
func TestStopsAtCRC(t *testing.T) {
	const seed = 12
	rng := rand.New(rand.NewPCG(seed, 0))
	c := Config{BaseGraph: BG1, Z: 64, Filler: 8}
	plain := newDecoder(t, DecoderConfig{Config: c, MaxIterations: 20})
	checked := newDecoder(t, DecoderConfig{Config: c, MaxIterations: 20, CRC: crc.CRC24A})
	faster := 0
	for trial := range 60 {
		b := newBlock(t, rng, c, crc.CRC24A, 1.02)
		if trial%2 == 1 {
			clear(b.src)
			b.soft = receive(rng, c, make([]byte, c.N()), c.N(), 1.02)
		}
		got := make([]byte, len(b.src))
		want, err := plain.Decode(got, b.soft)
		if err != nil {
			t.Fatal(err)
		}
		res, err := checked.Decode(got, b.soft)
		if err != nil {
			t.Fatal(err)
		}
		if want.Converged && (!res.CRC || res.Iterations > want.Iterations || !slices.Equal(got, b.src)) {
			t.Errorf("seed %d, trial %d: %+v with CRC, %+v without, equal %v", seed, trial, res, want, slices.Equal(got, b.src))
		}
		if trial%2 == 1 && res.CRC && !res.Converged {
			t.Errorf("seed %d, trial %d: zeros pass with %+v", seed, trial, res)
		}
		if res.Iterations < want.Iterations {
			faster++
		}
	}
	if faster == 0 {
		t.Errorf("seed %d: no block is decoded faster with its CRC", seed)
	}
	t.Logf("%d of 30 blocks faster", faster)
}

// TestSchedule checks that an iteration visits every row once.
func TestSchedule(t *testing.T) {
	for rows := 4; rows <= 46; rows++ {
		seen := map[int]bool{}
		for i := range rows {
			seen[rowAt(i, rows)] = true
		}
		for r := range rows {
			if !seen[r] {
				t.Errorf("of %d rows, row %d is never visited", rows, r)
			}
		}
	}
	for bg, edges := range map[BaseGraph][]edge{BG1: BG1.edges(), BG2: BG2.edges()} {
		punctured := [numCore]int{}
		for _, e := range edges {
			if e.row < numCore && e.col < numPunctured {
				punctured[e.row]++
			}
		}
		if punctured[coreOrder[0]] != 1 {
			t.Errorf("BG%d: punctured columns in the core rows: %v", bg, punctured)
		}
	}
}

// TestStrongWrongBits flips a few LLRs at full strength: neither may one that
// hangs on a single check stay wrong, nor may saturation spread the errors.
func TestStrongWrongBits(t *testing.T) {
	const seed = 9
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, c := range []Config{{BaseGraph: BG1, Z: 192}, {BaseGraph: BG1, Z: 384, Rows: 13}, {BaseGraph: BG2, Z: 128}} {
		d := newDecoder(t, DecoderConfig{Config: c, MaxIterations: 20})
		for trial := range 20 {
			b := newBlock(t, rng, c, crc.None, 0.05) // every LLR is ±120
			sent := (c.BaseGraph.InfoColumns() + c.rows() - numPunctured) * c.Z
			for range 5 {
				b.soft[rng.IntN(sent)] *= -1
			}
			got := make([]byte, len(b.src))
			res, err := d.Decode(got, b.soft)
			if err != nil || !res.Converged || !slices.Equal(got, b.src) {
				t.Errorf("seed %d, BG%d, Z %d, trial %d: %+v, %v", seed, c.BaseGraph, c.Z, trial, res, err)
			}
		}
	}
}

// TestReferences decodes the same blocks by belief propagation in both
// schedules.
func TestReferences(t *testing.T) {
	const seed = 10
	rng := rand.New(rand.NewPCG(seed, 0))
	for name, newReference := range map[string]func(Limits) (*Reference, error){
		"layered": NewReference, "flooding": NewFloodingReference,
	} {
		t.Run(name, func(t *testing.T) {
			r, err := newReference(Limits{MaxZ: 64})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []Config{{BaseGraph: BG1, Z: 16, Filler: 20}, {BaseGraph: BG2, Z: 52, Rows: 12}} {
				if err := r.Configure(DecoderConfig{Config: c, MaxIterations: 30, CRC: crc.CRC24B}); err != nil {
					t.Fatal(err)
				}
				b := newBlock(t, rng, c, crc.CRC24B, 0.6)
				llrs := make([]float32, len(b.soft))
				for i, x := range b.soft {
					llrs[i] = float32(x) / 8
				}
				got := make([]byte, len(b.src))
				res, err := r.Decode(got, llrs)
				if err != nil || !res.Converged || !res.CRC || !slices.Equal(got, b.src) {
					t.Errorf("seed %d, BG%d: %+v, %v", seed, c.BaseGraph, res, err)
				}
				if n := testing.AllocsPerRun(10, func() { _, _ = r.Decode(got, llrs) }); n != 0 {
					t.Errorf("%v allocations, want 0", n)
				}
			}
		})
	}
}

// TestCheckNode compares the messages of a row of three edges, all lanes rotated,
// with the definition 2·atanh(tanh(a/2)·tanh(b/2)).
func TestCheckNode(t *testing.T) {
	const z, shift = 64, 5
	rng := rand.New(rand.NewPCG(11, 0))
	var columns, messages [3][]float32
	for e := range columns {
		columns[e], messages[e] = make([]float32, z), make([]float32, z)
		for i := range z {
			columns[e][i] = float32(rng.NormFloat64() * 4)
		}
	}
	columns[1][9] = 0 // as a punctured bit
	known := [3][]float32{slices.Clone(columns[0]), slices.Clone(columns[1]), slices.Clone(columns[2])}
	n := newCheckNode(z)
	for range 2 { // the second time, old messages must not count
		n.begin(z)
		for e := range columns {
			n.in(e, columns[e], messages[e], shift*e)
		}
		n.turn()
		for e := 2; e >= 0; e-- {
			n.out(e, columns[e], messages[e], shift*e)
		}
		for i := range z {
			at := func(e int) int { return (i + shift*e) % z }
			for e := range columns {
				a, b := (e+1)%3, (e+2)%3
				want := 2 * math.Atanh(math.Tanh(float64(known[a][at(a)])/2)*math.Tanh(float64(known[b][at(b)])/2))
				if got := float64(messages[e][i]); math.Abs(got-want) > 1e-4 {
					t.Fatalf("seed 11, lane %d, edge %d: message %v, want %v", i, e, got, want)
				}
				want += float64(known[e][at(e)])
				if got := float64(columns[e][at(e)]); math.Abs(got-want) > 1e-4 {
					t.Fatalf("seed 11, lane %d, edge %d: belief %v, want %v", i, e, got, want)
				}
			}
		}
		for e := range columns {
			copy(columns[e], known[e])
			for i := range z {
				columns[e][(i+shift*e)%z] += messages[e][i]
			}
		}
	}
}

func TestDecoderErrors(t *testing.T) {
	if _, err := NewDecoder(Limits{MaxZ: 400}); !isFieldError(err) {
		t.Errorf("NewDecoder: %v", err)
	}
	if _, err := NewReference(Limits{MaxZ: 1}); !isFieldError(err) {
		t.Errorf("NewReference: %v", err)
	}
	if _, err := NewFloodingReference(Limits{MaxZ: 1}); !isFieldError(err) {
		t.Errorf("NewFloodingReference: %v", err)
	}
	d, err := NewDecoder(Limits{MaxZ: 16})
	if err != nil {
		t.Fatal(err)
	}
	good := DecoderConfig{Config: Config{BaseGraph: BG2, Z: 8, Filler: 2}}
	for field, change := range map[string]func(*DecoderConfig){
		"ldpc.base_graph":   func(c *DecoderConfig) { c.BaseGraph = 0 },
		"ldpc.lifting_size": func(c *DecoderConfig) { c.Z = 18 },
		"ldpc.filler":       func(c *DecoderConfig) { c.Filler = -1 },
		"ldpc.rows":         func(c *DecoderConfig) { c.Rows = 43 },
		"ldpc.iterations":   func(c *DecoderConfig) { c.MaxIterations = -1 },
		"ldpc.crc":          func(c *DecoderConfig) { c.CRC = 77 },
	} {
		bad := good
		change(&bad)
		var ce *nr.FieldError
		if err := d.Configure(bad); !errors.As(err, &ce) || ce.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := d.Configure(good); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"dst":    func() error { _, err := d.Decode(make([]byte, 77), make([]int8, 400)); return err },
		"soft":   func() error { _, err := d.Decode(make([]byte, 78), make([]int8, 401)); return err },
		"packed": func() error { _, err := d.DecodePacked(make([]byte, 9), make([]int8, 400)); return err },
		"both":   func() error { _, err := d.DecodePacked(make([]byte, 10), nil); return err },
	} {
		if err := call(); !errors.Is(err, nr.ErrShape) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoAllocs(t *testing.T) {
	c := Config{BaseGraph: BG1, Z: 32, Filler: 3, Rows: 10}
	e, err := NewEncoder(Limits{})
	if err != nil {
		t.Fatal(err)
	}
	d := newDecoder(t, DecoderConfig{Config: c})
	src, word, soft := make([]byte, c.PayloadBits()), make([]byte, c.N()), make([]int8, c.N())
	packed := make([]byte, (len(src)+7)/8)
	z := 0
	n := testing.AllocsPerRun(10, func() {
		c.Z, z = []int{32, 30}[z], 1-z
		_ = e.Configure(c)
		_ = d.Configure(DecoderConfig{Config: c, CRC: crc.CRC24B})
		_ = e.Encode(word[:c.N()], src[:c.PayloadBits()])
		_, _ = d.Decode(src[:c.PayloadBits()], soft[:c.N()])
		_, _ = d.DecodePacked(packed[:(c.PayloadBits()+7)/8], soft[:c.N()])
		_, _ = Segment(8456, BG1)
	})
	if n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// FuzzDecode decodes arbitrary LLRs with arbitrary codes: it must stay within
// its buffers, and what it calls a codeword must be one.
func FuzzDecode(f *testing.F) {
	f.Add(uint8(1), 8, 3, 6, []byte{1, 200, 130})
	f.Add(uint8(2), 384, 0, 0, []byte{255, 128, 127, 0})
	f.Fuzz(func(t *testing.T, bg uint8, z, filler, rows int, llrs []byte) {
		c := Config{BaseGraph: BaseGraph(bg), Z: z, Filler: filler, Rows: rows}
		if c.Validate() != nil || len(llrs) == 0 {
			return
		}
		soft := make([]int8, c.N())
		for i := range soft {
			soft[i] = int8(llrs[i%len(llrs)]) + int8(i/len(llrs))
		}
		d := newDecoder(t, DecoderConfig{Config: c, MaxIterations: 3})
		got := make([]byte, c.PayloadBits())
		res, err := d.Decode(got, soft)
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(got, func(b byte) bool { return b > 1 }); i >= 0 {
			t.Fatalf("bit %d is %d", i, got[i])
		}
		if !res.Converged {
			return
		}
		if err := checkCodeword(d, got); err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
	})
}

// checkCodeword reads all decisions and multiplies by the parity-check matrix.
func checkCodeword(d *Decoder, src []byte) error {
	z := d.cfg.Z
	word := make([]byte, d.columns()*z)
	for c := range d.columns() {
		v, rot := d.column(c)
		for i, x := range v {
			word[c*z+(i+rot)%z] = byte(x) >> 7
		}
	}
	if n := d.graph.unsatisfied(word, d.cfg.rows()); n != 0 {
		return fmt.Errorf("%d checks fail", n)
	}
	if !slices.Equal(word[:len(src)], src) {
		return errors.New("the decisions are not those of the codeword")
	}
	return nil
}
