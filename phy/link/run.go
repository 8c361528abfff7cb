// SPDX-License-Identifier: Apache-2.0

package link

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/neuroran/neuroran/phy/nr"
)

// Trial is one transmission to simulate.
//
// TS 38.104 §8.2.1 averages over trials.
type Trial struct {
	SNRdB float64 // signal to noise ratio, dB; the chain defines of what
	Index int     // number of the trial at this ratio
	Seed  uint64  // everything random in the trial follows from it
}

// Outcome is what became of a trial. Outcomes add up.
//
// Throughput is as in TS 38.104 §8.2.1: bits of blocks that were received over those
// that were sent.
type Outcome struct {
	Blocks      int // transport blocks sent
	BlockErrors int // of them, received wrong
	Bits        int // information bits sent
	BitErrors   int // of them, received wrong, where the chain counts them

	// Offered are the bits that would have been delivered had every transmission,
	// retransmissions included, delivered its block; Delivered are those that were.
	Offered, Delivered int
}

func (o *Outcome) add(p Outcome) {
	o.Blocks += p.Blocks
	o.BlockErrors += p.BlockErrors
	o.Bits += p.Bits
	o.BitErrors += p.BitErrors
	o.Offered += p.Offered
	o.Delivered += p.Delivered
}

// throughput returns what was delivered of what was offered, 0 without an offer.
func (o *Outcome) throughput() float64 { return ratio(o.Delivered, o.Offered) }

// Chain simulates one trial. It is called by one goroutine at a time.
//
// [PUSCH] and [HARQ] are the chains for TS 38.104 §8.2.1.
type Chain func(Trial) (Outcome, error)

// Config describes a simulation. It is passed by value.
//
// The confidence is that of the interval of Clopper and Pearson, 1934, see [Point].
type Config struct {
	SNRdB        []float64             // points, in the order in which they are simulated
	NewChain     func() (Chain, error) // makes the chain of one worker
	TargetErrors int                   // a point ends with this many block errors; 0 means never
	MaxTrials    int                   // and after this many trials at the latest, at least 1
	StopBLER     float64               // points after one with a lower rate are skipped; 0 skips none
	Seed         uint64                // of the simulation
	Workers      int                   // chains at work; 0 means one for each processor
	Confidence   float64               // of the intervals; 0 means 0.95
	Progress     func(Point)           // called after each batch of trials; may be nil
}

// Validate reports the first field out of range, as a [*nr.FieldError].
func (c *Config) Validate() error {
	switch {
	case len(c.SNRdB) == 0:
		return &nr.FieldError{Field: "link.snr_db", Got: len(c.SNRdB), Want: "at least one point"}
	case c.NewChain == nil:
		return &nr.FieldError{Field: "link.new_chain", Got: nil, Want: "a function"}
	case c.TargetErrors < 0:
		return &nr.FieldError{Field: "link.target_errors", Got: c.TargetErrors, Want: "at least 0"}
	case c.MaxTrials < 1:
		return &nr.FieldError{Field: "link.max_trials", Got: c.MaxTrials, Want: "at least 1"}
	case c.Workers < 0:
		return &nr.FieldError{Field: "link.workers", Got: c.Workers, Want: "at least 0"}
	case !(c.Confidence >= 0 && c.Confidence < 1):
		return &nr.FieldError{Field: "link.confidence", Got: c.Confidence, Want: "0…1"}
	}
	return nil
}

// batch is how many trials end before the stopping rule is looked at, whatever
// the number of workers, so that the result does not depend on it.
const batch = 32

// Run simulates all points.
//
// A point ends after the batch of trials in which it reached TargetErrors, or
// after MaxTrials. Run returns the finished points and the error of ctx when it
// ends early, a [*nr.FieldError] for a bad configuration, or the first error of a
// chain.
func Run(ctx context.Context, cfg Config) ([]Point, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Confidence == 0 {
		cfg.Confidence = 0.95
	}
	if cfg.Workers == 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	chains := make([]Chain, min(cfg.Workers, batch, cfg.MaxTrials))
	for i := range chains {
		var err error
		if chains[i], err = cfg.NewChain(); err != nil {
			return nil, fmt.Errorf("link: new chain: %w", err)
		}
	}
	var points []Point
	for _, snr := range cfg.SNRdB {
		p, err := cfg.point(ctx, chains, snr)
		if err != nil {
			return points, err
		}
		points = append(points, p)
		if p.BLER() < cfg.StopBLER {
			break
		}
	}
	return points, nil
}

// point simulates one signal to noise ratio.
func (c *Config) point(ctx context.Context, chains []Chain, snr float64) (Point, error) {
	p := Point{SNRdB: snr}
	var spread spread // of the throughput of trials
	for p.Trials < c.MaxTrials && (c.TargetErrors == 0 || p.BlockErrors < c.TargetErrors) {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		n := min(batch, c.MaxTrials-p.Trials)
		outcomes, err := runBatch(chains, n, func(i int) Trial {
			t := p.Trials + i
			return Trial{SNRdB: snr, Index: t, Seed: mix(c.Seed, uint64(t))}
		})
		if err != nil {
			return p, fmt.Errorf("link: %g dB: %w", snr, err)
		}
		p.Trials += n
		for i := range outcomes {
			p.add(outcomes[i])
			spread.add(outcomes[i].throughput())
		}
		p.ThroughputStd = spread.meanStd()
		p.Low, p.High = Interval(p.BlockErrors, p.Blocks, c.Confidence)
		if c.Progress != nil {
			c.Progress(p)
		}
	}
	return p, nil
}

// spread collects the mean and the variance of independent values (Welford 1962).
type spread struct {
	n, mean, squares float64
}

func (s *spread) add(x float64) {
	s.n++
	d := x - s.mean
	s.mean += d / s.n
	s.squares += d * (x - s.mean)
}

// meanStd returns the standard deviation of the mean, 0 of less than two values.
func (s *spread) meanStd() float64 {
	if s.n < 2 {
		return 0
	}
	return math.Sqrt(s.squares / (s.n - 1) / s.n)
}

// runBatch runs n trials on all chains and returns their outcomes in order.
func runBatch(chains []Chain, n int, trial func(int) Trial) ([]Outcome, error) {
	var (
		next     atomic.Int64
		wg       sync.WaitGroup
		outcomes = make([]Outcome, n)
		errs     = make([]error, n)
	)
	for _, chain := range chains {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				outcomes[i], errs[i] = chain(trial(i))
			}
		})
	}
	wg.Wait()
	return outcomes, cmp.Or(errs...)
}

// mix derives the seed of a trial (splitmix64, Steele, Lea and Flood 2014). The
// same trial of every point has the same seed: points share channels, which
// makes curves smooth.
func mix(seed, index uint64) uint64 {
	z := seed + (index+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
