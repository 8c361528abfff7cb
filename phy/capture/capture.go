// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"errors"
	"fmt"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
)

// Config says what of a recording is not as a receiver wants it. The zero value
// converts the sample rate and takes positions as they are.
//
// What is searched for is the DM-RS of PUSCH, TS 38.211 §6.4.1.1; slots are those of
// §4.3.2.
type Config struct {
	// Log is the file of a gNB log that replaces the annotations, see
	// [sigmf.ParseLog]; "" for none.
	Log string
	// Search is by how much the schedule may lie earlier or later than stated, 0…50
	// ms; 0 stands for no search, or with a log for [DefaultSearch].
	Search time.Duration
}

// DefaultSearch is one frame.
const DefaultSearch = 10 * time.Millisecond

// maxSearch bounds the memory of a search.
const maxSearch = 50 * time.Millisecond

// ErrNotRecorded is the reason of transmissions that lie outside a recording, in
// part or as a whole; half of the first cyclic prefix and an eighth of one at the end
// may be missing.
var ErrNotRecorded = errors.New("not in the recording")

// Alignment is what a search found.
//
// The correlation is that with the DM-RS of PUSCH, TS 38.211 §6.4.1.1.
type Alignment struct {
	Shift       int64   // samples at the carrier's rate by which the schedule lies later than stated
	Correlation float64 // highest sum of normalized correlations
	Mean        float64 // mean of the sums at all shifts
}

// NotFoundError reports a search without a result: no shift stands out of the
// others. The grants do not belong to the recording, or lie further away, or nobody
// transmitted.
type NotFoundError struct {
	Search    time.Duration // shifts that were tried, both ways
	Alignment Alignment     // the highest of them
}

// Error implements error.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("capture: no DM-RS of the schedule within ±%v of where it is stated: highest correlation %.3g, mean %.3g; "+
		"see sfn, slot, n_cell_id, dmrs, prb_start", e.Search, e.Alignment.Correlation, e.Alignment.Mean)
}

// Open opens a recording for a receiver: at the carrier's sample rate, with the slots
// where the schedule says. It returns what the search found, nil without one. The
// errors are those of [sigmf.OpenWith] and [Fit].
func Open(name string, cfg Config) (*sigmf.Recording, *Alignment, error) {
	rec, err := sigmf.OpenWith(name, sigmf.OpenConfig{Log: cfg.Log, Unaligned: cfg.Search > 0})
	if err != nil {
		return nil, nil, err
	}
	fitted, found, err := Fit(rec, cfg)
	if err != nil {
		return nil, nil, errors.Join(err, rec.Close())
	}
	return fitted, found, nil
}

// Fit returns a recording with the samples and transmissions of rec for a receiver,
// see [Open]; it may be rec itself. Closing it closes rec. It returns a
// [*nr.FieldError] for a search out of range, a [*NotFoundError], the errors of
// resample.New for a rate too near the band, and those of reading the samples.
func Fit(rec *sigmf.Recording, cfg Config) (*sigmf.Recording, *Alignment, error) {
	if cfg.Search < 0 || cfg.Search > maxSearch {
		return nil, nil, &nr.FieldError{Field: "capture.search", Got: cfg.Search, Want: fmt.Sprintf("0…%v", maxSearch)}
	}
	if rec.Unaligned && cfg.Search == 0 {
		cfg.Search = DefaultSearch
	}
	rec.Unaligned = cfg.Search > 0
	out, err := atCarrierRate(rec)
	if err != nil || !rec.Unaligned {
		return out, nil, err
	}
	found, err := search(out, cfg.Search)
	if err != nil {
		return nil, nil, err
	}
	out, err = place(out, found.Shift)
	return out, found, err
}
