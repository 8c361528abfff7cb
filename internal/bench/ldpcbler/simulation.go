// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/neuroran/neuroran/phy/ldpc"
	"github.com/neuroran/neuroran/phy/ratematch"
)

type config struct {
	k, n, baseGraph, qm int
	rvs, decoder        string
	iters, errors       int
	llrScale            float64
	seed                uint64
}

// simulation holds one code's chain and its buffers.
type simulation struct {
	config
	code      ldpc.Config
	versions  []int
	encoder   *ldpc.Encoder
	matcher   *ratematch.Matcher
	decoder   *ldpc.Decoder
	reference *ldpc.Reference
	pam       pam

	src, got, word, sent []byte
	llrs                 []float32
	quantized, soft      []int8
	beliefs              []float32
}

func newSimulation(c config) (*simulation, error) {
	s := &simulation{config: c, matcher: ratematch.New()}
	bg := ldpc.BaseGraph(c.baseGraph)
	if c.baseGraph == 0 {
		bg = ldpc.Select(c.k, float64(c.k)/float64(c.n))
	}
	seg, err := ldpc.Segment(max(c.k-16, 1), bg) // K_b as for a block of k bits with a CRC of 16
	if c.k > 3840 {
		seg, err = ldpc.Segment(c.k-24, bg)
	}
	if err != nil {
		return nil, err
	}
	s.code = seg.Config()
	for f := range strings.SplitSeq(c.rvs, ",") {
		rv, err := strconv.Atoi(f)
		if err != nil {
			return nil, err
		}
		s.versions = append(s.versions, rv)
	}
	if s.pam, err = newPAM(c.qm); err != nil {
		return nil, err
	}
	return s, s.open()
}

// open configures the blocks and makes the buffers.
func (s *simulation) open() error {
	extent := 0
	for _, rv := range s.versions {
		if err := s.matcher.Configure(s.match(rv)); err != nil {
			return err
		}
		extent = max(extent, s.matcher.Extent(s.n))
	}
	dc := ldpc.DecoderConfig{Config: s.code.ForLength(extent), MaxIterations: s.iters}
	newReference := ldpc.NewReference
	switch s.config.decoder {
	case "flooding":
		newReference = ldpc.NewFloodingReference
	case "int8", "bp":
	default:
		return fmt.Errorf("-decoder: got %q, want int8, bp or flooding", s.config.decoder)
	}
	var err error
	if s.encoder, err = ldpc.NewEncoder(ldpc.Limits{}); err != nil {
		return err
	}
	if s.decoder, err = ldpc.NewDecoder(ldpc.Limits{}); err != nil {
		return err
	}
	if s.reference, err = newReference(ldpc.Limits{}); err != nil {
		return err
	}
	for _, err := range []error{s.encoder.Configure(dc.Config), s.decoder.Configure(dc), s.reference.Configure(dc)} {
		if err != nil {
			return err
		}
	}
	s.src, s.got = make([]byte, s.k), make([]byte, s.k)
	s.word, s.sent = make([]byte, s.code.N()), make([]byte, s.n)
	s.llrs, s.quantized = make([]float32, s.n), make([]int8, s.n)
	s.soft, s.beliefs = make([]int8, s.code.N()), make([]float32, s.code.N())
	return nil
}

func (s *simulation) match(rv int) ratematch.Config {
	return ratematch.Config{BaseGraph: int(s.code.BaseGraph), Z: s.code.Z, Filler: s.code.Filler, RV: rv, BitsPerSymbol: s.qm}
}

func (s *simulation) String() string {
	return fmt.Sprintf("k %d, n %d, BG%d, Z %d, Q_m %d, rv %s, %s, %d iterations, LLR scale %g, seed %d",
		s.k, s.n, s.code.BaseGraph, s.code.Z, s.qm, s.rvs, s.config.decoder, s.iters, s.llrScale, s.seed)
}

// measure sends blocks until there are enough errors. Every Eb/No has its own
// random numbers, which depend on the seed alone.
func (s *simulation) measure(ebno float64, errors int) point {
	rng := rand.New(rand.NewPCG(s.seed, math.Float64bits(math.Round(ebno*1000))))
	rate := float64(s.k) / float64(s.n)
	n0 := 1 / (rate * float64(s.qm) * math.Pow(10, ebno/10))
	p := point{ebno: ebno}
	for p.errors < errors {
		res := s.block(rng, n0)
		p.blocks++
		p.iterations += res.Iterations
		if !slices.Equal(s.got, s.src) {
			p.errors++
		}
	}
	return p
}

// block sends and decodes one random block. The buffers have the right lengths,
// so no call can fail.
func (s *simulation) block(rng *rand.Rand, n0 float64) ldpc.Result {
	for i := range s.src {
		s.src[i] = byte(rng.Uint32() >> 31)
	}
	must(s.encoder.Encode(s.word, s.src))
	for i, rv := range s.versions {
		must(s.matcher.Configure(s.match(rv)))
		if i == 0 {
			must(s.matcher.Clear(s.soft))
			clear(s.beliefs)
		}
		must(s.matcher.Match(s.sent, s.word))
		s.pam.transmit(s.llrs, s.sent, rng, n0)
		if s.config.decoder == "int8" {
			quantize(s.quantized, s.llrs, s.llrScale)
			must(s.matcher.Combine(s.soft, s.quantized))
			continue
		}
		s.combine(rv)
	}
	if s.config.decoder != "int8" {
		res, err := s.reference.Decode(s.got, s.beliefs)
		must(err)
		return res
	}
	res, err := s.decoder.Decode(s.got, s.soft)
	must(err)
	return res
}

// combine adds the float LLRs at their positions, by TS 38.212 §5.4.2 word for
// word.
func (s *simulation) combine(rv int) {
	at := s.match(rv).K0()
	hi := s.code.K() - 2*s.code.Z
	lo := hi - s.code.Filler
	rows := s.n / s.qm
	for k := 0; k < s.n; at = (at + 1) % s.code.N() {
		if at >= lo && at < hi {
			continue
		}
		s.beliefs[at] += s.llrs[k%rows*s.qm+k/rows]
		k++
	}
}

// quantize rounds LLRs to steps of 1/scale within ±120 steps, then to the
// decoder's steps of 1/8.
func quantize(dst []int8, src []float32, scale float64) {
	for i, x := range src {
		q := math.Round(min(max(float64(x)*scale, -120), 120))
		dst[i] = int8(min(max(math.Round(q*8/scale), -120), 120))
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
