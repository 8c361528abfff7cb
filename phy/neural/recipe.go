// SPDX-License-Identifier: Apache-2.0

package neural

import (
	"encoding/json"
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
)

// Recipe says how a network is trained. The same recipe gives the same weights,
// bit for bit, on one processor architecture.
//
// O. Shental and J. Hoydis, 2019, see [LLRNet]; steps are those of Adam, D. P. Kingma
// and J. Ba, 2015.
type Recipe struct {
	Modulation nr.Modulation `json:"modulation"`  // QPSK to 256QAM
	Hidden     int           `json:"hidden"`      // hidden units, 2…1024
	Seed       uint64        `json:"seed"`        // seed of the data and of the start
	Steps      int           `json:"steps"`       // gradient steps
	Batch      int           `json:"batch"`       // symbols of one step
	Rate       float64       `json:"rate"`        // learning rate of Adam, which falls to 1/1000 of it along a cosine
	LowSNRdB   float64       `json:"low_snr_db"`  // lowest signal-to-noise ratio, dB; they are drawn uniformly
	HighSNRdB  float64       `json:"high_snr_db"` // highest signal-to-noise ratio, dB
	// Emphasis weights the squared error of each symbol. The network learns
	// LLR·σ²; an error there counts times (1/σ²)^Emphasis: 0 counts it as it
	// is, 2 counts the error of the LLR itself, which high ratios dominate;
	// below 0 low ratios dominate.
	Emphasis float64 `json:"emphasis"`
}

// DefaultRecipe returns the recipe of the shipped weights, or a
// [*nr.UnsupportedError] for π/2-BPSK and a [*nr.FieldError] for an unknown
// modulation. The ratios reach from a little below the point where the lowest
// MCS of the modulation has 10 % block errors on AWGN (TS 38.214 tables
// 5.1.3.1-1 and -2) to where the highest has none on a fading channel.
func DefaultRecipe(m nr.Modulation) (Recipe, error) {
	r := Recipe{Modulation: m, Seed: 1, Steps: 4000, Batch: 2048, Rate: 4e-3, Emphasis: 0.5}
	switch m {
	case nr.QPSK:
		r.Hidden, r.Steps, r.LowSNRdB, r.HighSNRdB = 4, 2000, -7, 9
	case nr.QAM16:
		r.Hidden, r.Emphasis, r.LowSNRdB, r.HighSNRdB = 16, 0.2, 3, 15
	case nr.QAM64:
		r.Hidden, r.Emphasis, r.LowSNRdB, r.HighSNRdB = 24, -0.3, 9, 20
	case nr.QAM256:
		r.Hidden, r.LowSNRdB, r.HighSNRdB = 32, 17, 29
	default:
		return Recipe{}, checkModulation(m)
	}
	return r, nil
}

// Validate returns an error that names the first field out of its range.
func (r Recipe) Validate() error {
	if err := checkModulation(r.Modulation); err != nil {
		return err
	}
	fail := func(field string, got any, want string) error {
		return &nr.FieldError{Field: "recipe." + field, Got: got, Want: want}
	}
	switch {
	case r.Hidden < 2 || r.Hidden > 1024:
		return fail("hidden", r.Hidden, "2…1024")
	case r.Steps < 1:
		return fail("steps", r.Steps, "at least 1")
	case r.Batch < 1 || r.Batch > 1<<20:
		return fail("batch", r.Batch, "1…1048576")
	case !(r.Rate > 0 && r.Rate < 1):
		return fail("rate", r.Rate, "between 0 and 1")
	case !(r.LowSNRdB >= -30 && r.HighSNRdB <= 60 && r.LowSNRdB < r.HighSNRdB):
		return fail("snr", [2]float64{r.LowSNRdB, r.HighSNRdB}, "rising, between -30 and 60 dB")
	case !(r.Emphasis >= -2 && r.Emphasis <= 2):
		return fail("emphasis", r.Emphasis, "-2…2")
	}
	return nil
}

// String returns the recipe as JSON, as it stands in the metadata of a model.
func (r Recipe) String() string {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Sprintf("%#v", r)
	}
	return string(b)
}

// checkModulation returns nil for the modulations that a network can demap.
func checkModulation(m nr.Modulation) error {
	switch m {
	case nr.QPSK, nr.QAM16, nr.QAM64, nr.QAM256:
		return nil
	case nr.Pi2BPSK:
		return &nr.UnsupportedError{Field: "modulation", Got: m}
	}
	return &nr.FieldError{Field: "modulation", Got: uint8(m), Want: "QPSK, 16QAM, 64QAM or 256QAM"}
}

// Name returns the name of the network of a modulation, such as
// "llrnet-256qam", or "" where there is none.
func Name(m nr.Modulation) string {
	switch m {
	case nr.QPSK:
		return "llrnet-qpsk"
	case nr.QAM16:
		return "llrnet-16qam"
	case nr.QAM64:
		return "llrnet-64qam"
	case nr.QAM256:
		return "llrnet-256qam"
	}
	return ""
}

// MCSRange returns the signal-to-noise ratios in dB, per symbol, at which the
// lowest and the highest MCS of the modulation have 10 % block errors on AWGN
// (tables 1 and 2 of TS 38.214 §5.1.3.1), rounded outwards, the highest of
// QPSK and 256QAM by one dB more. TestBLER measures them, with exact log-MAP, 25
// PRB and known channel.
func MCSRange(m nr.Modulation) (low, high float64) {
	switch m {
	case nr.QAM16:
		return 3, 9 // 3.3 dB at MCS 10, 8.5 dB at MCS 16 of table 1
	case nr.QAM64:
		return 9, 20 // 9.2 dB at MCS 17, 19.2 dB at MCS 28 of table 1
	case nr.QAM256:
		return 18, 26 // 18.5 dB at MCS 20, 24.9 dB at MCS 27 of table 2
	}
	return -6, 4 // -5.9 dB at MCS 0, 2.9 dB at MCS 9 of table 1
}
