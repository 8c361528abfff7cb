// SPDX-License-Identifier: Apache-2.0

package ratematch_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ratematch"
)

const filler = 9 // marks <NULL> in the literal form below

// literal is TS 38.212 §5.4.2.1 and §5.4.2.2 as they are printed; d holds
// filler where the standard has <NULL>. It returns f and, for every bit of f,
// the position of the buffer that it came from.
func literal(c ratematch.Config, d []byte, e int) (f []byte, from []int) {
	ncb := c.Ncb
	if ncb == 0 {
		ncb = len(d)
	}
	sel := make([]byte, 0, e)
	pos := make([]int, 0, e)
	for k, j := 0, 0; k < e; j++ {
		at := (c.K0() + j) % ncb
		if d[at] != filler {
			sel, pos = append(sel, d[at]), append(pos, at)
			k++
		}
	}
	f, from = make([]byte, e), make([]int, e)
	qm := c.BitsPerSymbol
	for j := range e / qm {
		for i := range qm {
			f[i+j*qm] = sel[i*e/qm+j]
			from[i+j*qm] = pos[i*e/qm+j]
		}
	}
	return f, from
}

// codeword returns random bits with filler marks, and the same with zeros.
func codeword(rng *rand.Rand, c ratematch.Config) (marked, plain []byte) {
	marked = make([]byte, c.N())
	for i := range marked {
		marked[i] = byte(rng.IntN(2))
	}
	end := 8 * c.Z
	if c.BaseGraph == 1 {
		end = 20 * c.Z
	}
	for i := max(end-c.Filler, 0); i < end; i++ {
		marked[i] = filler
	}
	plain = append([]byte{}, marked...)
	for i, b := range plain {
		if b == filler {
			plain[i] = 0
		}
	}
	return marked, plain
}

func randomConfig(rng *rand.Rand) ratematch.Config {
	c := ratematch.Config{BaseGraph: 1 + rng.IntN(2), Z: []int{2, 3, 7, 16, 52, 104}[rng.IntN(6)], RV: rng.IntN(4)}
	c.BitsPerSymbol = []int{1, 2, 4, 6, 8}[rng.IntN(5)]
	c.Filler = rng.IntN(10 * c.Z)
	if rng.IntN(3) == 0 {
		c.Ncb = 1 + rng.IntN(c.N())
	}
	return c
}

func TestAgainstLiteralClause(t *testing.T) {
	const seed = 5
	rng := rand.New(rand.NewPCG(seed, 0))
	m := ratematch.New()
	for trial := range 2000 {
		c := randomConfig(rng)
		if m.Configure(c) != nil {
			continue // a limited buffer with nothing but filler
		}
		marked, plain := codeword(rng, c)
		e := c.BitsPerSymbol * rng.IntN(1+3*c.N()/c.BitsPerSymbol) // up to three turns
		want, from := literal(c, marked, e)
		got := make([]byte, e)
		if err := m.Match(got, plain); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(want, got) {
			t.Fatalf("seed %d, trial %d, %+v, E %d: (-want +got)\n%s", seed, trial, c, e, cmp.Diff(want, got))
		}
		extent := 0
		for _, p := range from {
			extent = max(extent, p+1)
		}
		if got := m.Extent(e); got != extent {
			t.Fatalf("seed %d, trial %d, %+v, E %d: extent %d, want %d", seed, trial, c, e, got, extent)
		}
		testCombine(t, m, c, from)
	}
}

// testCombine adds LLRs to a soft buffer and compares with a sum over from.
func testCombine(t *testing.T, m *ratematch.Matcher, c ratematch.Config, from []int) {
	t.Helper()
	llrs := make([]int8, len(from))
	soft := make([]int8, c.N())
	if err := m.Clear(soft); err != nil {
		t.Fatal(err)
	}
	want, strength := make([]int, c.N()), make([]int, c.N())
	for i, x := range soft {
		want[i] = int(x) // 0, or the mark of a filler
	}
	for i, p := range from {
		llrs[i] = int8(i*37%60 - 30)
		want[p] += int(llrs[i])
		strength[p] += max(int(llrs[i]), -int(llrs[i]))
	}
	if err := m.Combine(soft, llrs); err != nil {
		t.Fatal(err)
	}
	for p, x := range soft {
		switch {
		case strength[p] <= nr.MaxLLR && int(x) != want[p]:
			t.Fatalf("%+v, E %d: position %d is %d, want %d", c, len(from), p, x, want[p])
		case strength[p] > 0 && (x > nr.MaxLLR || x < -nr.MaxLLR):
			t.Fatalf("%+v, E %d: position %d is %d, beyond saturation", c, len(from), p, x)
		}
	}
}

// TestK0 lists the starting positions of TS 38.212 table 5.4.2.1-2.
func TestK0(t *testing.T) {
	for _, tc := range []struct {
		bg, z, ncb int
		want       [4]int
	}{
		{1, 384, 0, [4]int{0, 17 * 384, 33 * 384, 56 * 384}},
		{2, 384, 0, [4]int{0, 13 * 384, 25 * 384, 43 * 384}},
		{1, 2, 0, [4]int{0, 34, 66, 112}},
		{2, 2, 0, [4]int{0, 26, 50, 86}},
		{1, 384, 16896, [4]int{0, 11 * 384, 22 * 384, 37 * 384}},
		{2, 384, 11520, [4]int{0, 7 * 384, 15 * 384, 25 * 384}},
	} {
		for rv, want := range tc.want {
			c := ratematch.Config{BaseGraph: tc.bg, Z: tc.z, Ncb: tc.ncb, RV: rv, BitsPerSymbol: 2}
			if got := c.K0(); got != want {
				t.Errorf("BG%d Z=%d Ncb=%d rv %d: k0 = %d, want %d", tc.bg, tc.z, tc.ncb, rv, got, want)
			}
		}
	}
}

func TestBlockBits(t *testing.T) {
	for _, tc := range []struct {
		name                  string
		g, blocks, layers, qm int
		want                  []int
	}{
		{"one block", 1000, 1, 1, 2, []int{1000}},
		{"even", 4800, 3, 1, 4, []int{1600, 1600, 1600}},
		{"uneven", 4808, 3, 1, 4, []int{1600, 1604, 1604}},
		{"layers", 96 * 4 * 2, 5, 2, 4, []int{152, 152, 152, 152, 160}},
		{"not whole symbols", 1001, 1, 1, 2, []int{0}},
		{"bad arguments", 100, 1, 0, 2, []int{0}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := make([]int, tc.blocks)
			for r := range got {
				got[r] = ratematch.BlockBits(tc.g, tc.blocks, r, tc.layers, tc.qm)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	for r := range 7 {
		if ratematch.BlockBits(8*1000, 7, r, 1, 8)%8 != 0 {
			t.Error("block not a multiple of Q_m")
		}
	}
}

func TestErrors(t *testing.T) {
	good := ratematch.Config{BaseGraph: 2, Z: 10, BitsPerSymbol: 2}
	m := ratematch.New()
	if err := m.Match(nil, nil); !errors.Is(err, nr.ErrShape) {
		t.Errorf("Match before Configure: %v", err)
	}
	for field, change := range map[string]func(*ratematch.Config){
		"ratematch.base_graph":      func(c *ratematch.Config) { c.BaseGraph = 3 },
		"ratematch.lifting_size":    func(c *ratematch.Config) { c.Z = 385 },
		"ratematch.filler":          func(c *ratematch.Config) { c.Filler = 100 },
		"ratematch.circular_buffer": func(c *ratematch.Config) { c.Ncb = 501 },
		"ratematch.rv":              func(c *ratematch.Config) { c.RV = 4 },
		"ratematch.bits_per_symbol": func(c *ratematch.Config) { c.BitsPerSymbol = 3 },
	} {
		bad := good
		change(&bad)
		var ce *nr.FieldError
		if err := m.Configure(bad); !errors.As(err, &ce) || ce.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := m.Configure(good); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"src":    m.Match(make([]byte, 10), make([]byte, 499)),
		"soft":   m.Combine(make([]int8, 501), make([]int8, 10)),
		"buffer": m.Clear(make([]int8, 1)),
	} {
		if !errors.Is(err, nr.ErrShape) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"dst":  m.Match(make([]byte, 11), make([]byte, 500)),
		"llrs": m.Combine(make([]int8, 500), make([]int8, 1)),
	} {
		var fe *nr.FieldError
		if !errors.As(err, &fe) || fe.Field != "ratematch.coded_bits" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSaturates adds the same strong LLRs again and again.
func TestSaturates(t *testing.T) {
	m := ratematch.New()
	if err := m.Configure(ratematch.Config{BaseGraph: 2, Z: 2, BitsPerSymbol: 2}); err != nil {
		t.Fatal(err)
	}
	soft := make([]int8, 100)
	llrs := make([]int8, 100)
	for i := range llrs {
		llrs[i] = int8(90 - 180*(i%2))
	}
	for range 3 {
		if err := m.Combine(soft, llrs); err != nil {
			t.Fatal(err)
		}
	}
	for i, v := range soft {
		if v != nr.MaxLLR && v != -nr.MaxLLR {
			t.Errorf("soft[%d] = %d, want ±%d", i, v, nr.MaxLLR)
		}
	}
}

func TestNoAllocs(t *testing.T) {
	m := ratematch.New()
	c := ratematch.Config{BaseGraph: 1, Z: 16, BitsPerSymbol: 6, RV: 2, Filler: 5}
	bits, out := make([]byte, c.N()), make([]byte, 600)
	soft, llrs := make([]int8, c.N()), make([]int8, 600)
	n := testing.AllocsPerRun(10, func() {
		_ = m.Configure(c)
		_ = m.Match(out, bits)
		_ = m.Clear(soft)
		_ = m.Combine(soft, llrs)
		m.Extent(600)
	})
	if n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add(1, 3, 5, 0, 1, 2, 100)
	f.Add(2, 2, 19, 7, 3, 8, 1000)
	f.Fuzz(func(t *testing.T, bg, z, fill, ncb, rv, qm, e int) {
		c := ratematch.Config{BaseGraph: bg, Z: z, Filler: fill, Ncb: ncb, RV: rv, BitsPerSymbol: qm}
		m := ratematch.New()
		if m.Configure(c) != nil || e < 0 || e > 100000 {
			return
		}
		src, dst := make([]byte, c.N()), make([]byte, e)
		soft := make([]int8, c.N())
		if m.Match(dst, src) != nil {
			return
		}
		if err := m.Combine(soft, make([]int8, e)); err != nil {
			t.Fatal(err)
		}
		if x := m.Extent(e); x < 0 || x > c.N() {
			t.Fatalf("extent %d", x)
		}
	})
}

func BenchmarkCombine(b *testing.B) {
	benchmark(b, func(m *ratematch.Matcher, bits []byte, soft, llrs []int8) { _ = m.Combine(soft, llrs) })
}

func BenchmarkMatch(b *testing.B) {
	benchmark(b, func(m *ratematch.Matcher, bits []byte, soft, llrs []int8) {
		_ = m.Match(bits[len(soft):], bits[:len(soft)])
	})
}

func benchmark(b *testing.B, call func(*ratematch.Matcher, []byte, []int8, []int8)) {
	for _, name := range []string{"qm=2", "qm=4", "qm=6", "qm=8"} {
		b.Run(name+"/e=9216", func(b *testing.B) {
			m := ratematch.New()
			c := ratematch.Config{BaseGraph: 1, Z: 384, BitsPerSymbol: int(name[3] - '0')}
			if err := m.Configure(c); err != nil {
				b.Fatal(err)
			}
			bits := make([]byte, c.N()+9216)
			soft, llrs := make([]int8, c.N()), make([]int8, 9216)
			b.ReportAllocs()
			for b.Loop() {
				call(m, bits, soft, llrs)
			}
			b.ReportMetric(9216*float64(b.N)/b.Elapsed().Seconds()/1e9, "GLLR/s")
		})
	}
}
