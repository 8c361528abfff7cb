// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"cmp"
	"fmt"

	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/tensor"
)

// Config selects the blocks of a [Receiver]. It is passed by value.
//
// The chain is that of TS 38.212 §6.2 and TS 38.211 §6.3.1, backwards.
type Config struct {
	Limits        Limits // carrier, antennas, and the largest grant
	Receiver      string // "ls" or "lmmse", see [AlgorithmsOf]; "" stands for "lmmse"
	MaxIterations int    // LDPC iterations; 0 stands for [sch.DefaultIterations]
	Blocks        Blocks // blocks that replace those of Receiver, where not nil
}

// Receiver turns the resource grid of one slot into the transport blocks of one
// PRB group. It is the fused form of its steps, which work on views of the grid
// and hand their buffers on; package ran/block runs the same steps as separate
// functions. It is for one goroutine at a time.
//
// It inverts TS 38.212 §6.2 and TS 38.211 §6.3.1.
type Receiver struct {
	limits  Limits
	blocks  Blocks
	decoder *sch.Decoder
	group   nr.Group
	codes   [nr.MaxUEs]sch.Code
	priors  [nr.MaxUEs]nr.Prior

	pilots  nr.Pilots
	offsets nr.Offsets
	channel nr.Channel
	symbols [nr.MaxUEs]nr.Symbols
	llrs    [nr.MaxUEs]nr.LLRs
}

// NewReceiver returns a receiver. It returns a [*nr.FieldError] for a value out
// of range. It allocates for the largest grant of the limits.
func NewReceiver(cfg Config) (*Receiver, error) {
	if err := cfg.Limits.normalize(); err != nil {
		return nil, err
	}
	if cfg.Limits.NumRx < 1 || cfg.Limits.NumRx > nr.MaxRx {
		return nil, &nr.FieldError{Field: "limits.num_rx", Got: cfg.Limits.NumRx, Want: fmt.Sprintf("1…%d", nr.MaxRx)}
	}
	if cfg.Receiver == "" {
		cfg.Receiver = "lmmse"
	}
	blocks, err := NewBlocks(cfg.Receiver, cfg.Limits)
	if err != nil {
		return nil, err
	}
	blocks.replace(&cfg.Blocks)
	bits, err := cfg.Limits.MaxCodedBits()
	if err != nil {
		return nil, err
	}
	decoder, err := sch.NewDecoder(bits, cfg.MaxIterations)
	if err != nil {
		return nil, err
	}
	return &Receiver{limits: cfg.Limits, blocks: blocks, decoder: decoder}, nil
}

// replace takes over the blocks of o that are not nil.
func (b *Blocks) replace(o *Blocks) {
	if o.Synchronizer != nil {
		b.Synchronizer = o.Synchronizer
	}
	if o.Estimator != nil {
		b.Estimator = o.Estimator
	}
	if o.Equalizer != nil {
		b.Equalizer = o.Equalizer
	}
	if o.Demapper != nil {
		b.Demapper = o.Demapper
	}
}

// Configure selects the transmissions of the next slot: the grants of all UEs
// that share PRBs, usually one.
//
// It returns the errors of [nr.Grant.Validate] and [nr.NewGroup], a
// [*nr.UnsupportedError] for grants above the limits, and what the blocks say;
// the receiver must then be configured again. It does not allocate when it
// succeeds.
func (r *Receiver) Configure(slot nr.Slot, grants ...*nr.Grant) error {
	r.group.NumUEs = 0
	for _, g := range grants {
		if err := r.limits.check(g); err != nil {
			return err
		}
	}
	group, err := nr.NewGroup(&r.limits.Carrier, slot, grants...)
	if err != nil {
		return err
	}
	if group.NumLayers > r.limits.MaxLayers {
		return &nr.UnsupportedError{Field: "num_layers of a PRB group above the limits of this block", Got: group.NumLayers}
	}
	for u, g := range grants {
		if r.codes[u], err = NewCode(g); err != nil {
			return err
		}
	}
	r.group, r.priors = group, [nr.MaxUEs]nr.Prior{}
	if err := r.configureBlocks(); err != nil {
		r.group.NumUEs = 0
		return fmt.Errorf("pusch: receiver: %w", err)
	}
	return nil
}

func (r *Receiver) configureBlocks() error {
	if err := r.blocks.Synchronizer.Configure(&r.group); err != nil {
		return err
	}
	return r.blocks.Estimator.Configure(&r.group)
}

// Expect says what is known of UE u of the configured group before its pilots are
// seen, as package phy/track finds out over slots. It holds until the next
// Configure, after which nothing is known.
func (r *Receiver) Expect(u int, prior *nr.Prior) { r.priors[u] = *prior }

// Group returns the configured group.
func (r *Receiver) Group() nr.Group { return r.group }

// Code returns the code of UE u of the configured group.
func (r *Receiver) Code(u int) sch.Code { return r.codes[u] }

// Process receives the configured transmissions.
//
//   - dst: one transport block for each UE, in the order of the grants
//   - soft: the soft bits of the HARQ process of each UE
//   - grid: [rx, 14, subcarrier] of the carrier
//
// A failed CRC is a result, not an error. Process returns a
// [*tensor.ShapeError] if lengths disagree and a [*nr.FieldError] for a nil pointer. It does not allocate once dst and
// soft have grown.
func (r *Receiver) Process(dst []nr.TransportBlock, soft []*sch.SoftBuffer, grid *nr.Grid) error {
	n := r.group.NumUEs
	if n == 0 || len(dst) != n || len(soft) != n {
		return &tensor.ShapeError{Op: "pusch: receive: UEs", Want: []int{n}, Got: []int{len(dst), len(soft)}}
	}
	if err := r.Estimate(grid); err != nil {
		return err
	}
	if err := r.Equalize(grid); err != nil {
		return err
	}
	for u := range n {
		if err := r.Demap(u); err != nil {
			return err
		}
		if err := r.Combine(soft[u], u); err != nil {
			return err
		}
		if err := r.Decode(&dst[u], soft[u], u); err != nil {
			return err
		}
	}
	return nil
}

// Estimate is the first step of Process: it extracts the pilots, synchronizes
// and estimates the channel.
func (r *Receiver) Estimate(grid *nr.Grid) error {
	if grid != nil && grid.RE.Dim(0) != r.limits.NumRx {
		return &tensor.ShapeError{Op: "pusch: receive: antennas of the grid", Want: []int{r.limits.NumRx}, Got: []int{grid.RE.Dim(0)}}
	}
	if err := ExtractPilots(&r.pilots, grid, &r.group); err != nil {
		return err
	}
	r.pilots.Priors = r.priors
	if err := r.blocks.Synchronizer.Estimate(&r.offsets, &r.pilots); err != nil {
		return fmt.Errorf("pusch: receive: %w", err)
	}
	if err := r.blocks.Estimator.Estimate(&r.channel, &r.pilots, &r.offsets); err != nil {
		return fmt.Errorf("pusch: receive: %w", err)
	}
	return nil
}

// Equalize is the second step of Process: it separates the layers of all UEs,
// on the grid itself.
func (r *Receiver) Equalize(grid *nr.Grid) error {
	view, err := window(grid, &r.group)
	if err != nil {
		return err
	}
	if err := r.blocks.Equalizer.Equalize(r.symbols[:r.group.NumUEs], view, &r.channel); err != nil {
		return fmt.Errorf("pusch: receive: %w", err)
	}
	return nil
}

// has reports a UE that the configured group does not have.
func (r *Receiver) has(u int) error {
	if u < 0 || u >= r.group.NumUEs {
		return &nr.FieldError{Field: "ue", Got: u, Want: fmt.Sprintf("one of the %d UEs of the configured group, from 0 on", r.group.NumUEs)}
	}
	return nil
}

// hasSoft reports soft bits that are not there.
func hasSoft(soft *sch.SoftBuffer) error {
	if soft == nil {
		return &nr.FieldError{Field: "soft", Got: "nil", Want: "the soft bits of a HARQ process"}
	}
	return nil
}

// Demap is the third step of Process, for UE u of the group.
func (r *Receiver) Demap(u int) error {
	if err := r.has(u); err != nil {
		return err
	}
	return Demap(&r.llrs[u], r.blocks.Demapper, &r.symbols[u], r.codes[u].Modulation)
}

// Combine is the fourth step of Process, for UE u of the group. A retransmission
// with a reserved MCS whose initial transmission the buffer does not hold adds
// nothing to it.
func (r *Receiver) Combine(soft *sch.SoftBuffer, u int) error {
	if err := cmp.Or(r.has(u), hasSoft(soft)); err != nil {
		return err
	}
	if err := r.codes[u].Continue(soft.Initial()); err != nil {
		return err
	}
	if r.codes[u].TBS == 0 {
		return nil
	}
	if err := r.decoder.Configure(&r.codes[u]); err != nil {
		return err
	}
	return r.decoder.Combine(soft, r.llrs[u].Values.Data())
}

// Decode is the last step of Process, for UE u of the group, for which Combine
// was called before. A transport block whose size is not known has no bits.
func (r *Receiver) Decode(dst *nr.TransportBlock, soft *sch.SoftBuffer, u int) error {
	if err := cmp.Or(r.has(u), hasSoft(soft)); err != nil {
		return err
	}
	dst.Slot, dst.Quality = r.group.Slot, r.llrs[u].Quality
	if c := &r.codes[u]; c.TBS == 0 {
		*dst = nr.TransportBlock{Slot: dst.Slot, RNTI: c.RNTI, HARQ: c.HARQProcess, Quality: dst.Quality, Data: dst.Data}
		dst.Data.Resize(0)
		return nil
	}
	return r.decoder.Decode(dst, soft)
}

// Channel returns the last channel estimate, valid until the next Process.
func (r *Receiver) Channel() *nr.Channel { return &r.channel }

// Symbols returns the last equalized symbols of UE u, valid until the next
// Process: what a constellation plot shows.
func (r *Receiver) Symbols(u int) *nr.Symbols { return &r.symbols[u] }

// Demap writes the soft bits of one UE.
//
//   - dst: [data RE · layers · Q_m], resized as needed; slot, RNTI and quality
//     are those of sym
//   - sym: equalized symbols in codeword order
//
// It returns the errors of the demapper. It does not allocate once dst has
// grown.
func Demap(dst *nr.LLRs, d modem.Demapper, sym *nr.Symbols, m nr.Modulation) error {
	if err := d.Configure(m); err != nil {
		return fmt.Errorf("pusch: demap: %w", err)
	}
	dst.Slot, dst.RNTI, dst.Quality = sym.Slot, sym.RNTI, sym.Quality
	dst.Values.Resize(sym.Z.Len() * m.BitsPerSymbol())
	if err := d.Demap(dst.Values.Data(), sym.Z.Data(), sym.NoiseVar.Data()); err != nil {
		return fmt.Errorf("pusch: demap: %w", err)
	}
	return nil
}
