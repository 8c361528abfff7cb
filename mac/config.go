// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
)

// Bounds of a cell. They make a [UE] a value of fixed size.
const (
	MaxRBGs      = 19   // resource block groups of a carrier: 275 PRBs in groups of 16 that do not begin at common resource block 0
	NumProcesses = 16   // uplink HARQ processes of a UE
	NumLCGs      = 8    // logical channel groups of a UE, TS 38.321 §5.4.5
	MaxUEs       = 4096 // UEs of a cell
)

// Config describes the MAC of one cell. It is passed by value and never changed after
// [New]. The zero value of a field with a default stands for the default.
type Config struct {
	Carrier   nr.Carrier // the carrier, required
	Scheduler Scheduler  // the policy; nil stands for [ProportionalFair]
	Curves    *Curves    // block error rates of the receiver; nil stands for [DefaultCurves]
	Bounds    *Bounds    // what bounds on its iterations cost; nil stands for [DefaultBounds]

	MaxUEs           int // UEs attached at once, at most [MaxUEs]; 0 stands for 64
	MaxGrants        int // grants of a slot; 0 stands for [nr.MaxGrants], the most
	RBGConfig        int // rbg-Size: configuration 1 or 2 of TS 38.214 table 6.1.2.2.1-1; 0 stands for 1
	K2               int // slots from a decision to its transmission, 0…32 (TS 38.214 §6.1.2.1); 0 stands for 0
	FeedbackSlots    int // slots after a transmission until its feedback is taken as lost; 0 stands for 8
	MaxTransmissions int // of one block, 1…16; 0 stands for 4

	TargetBLER    float64 // of first transmissions, 0.001…0.9; 0 stands for 0.1
	StepDB        float64 // what a failed first transmission adds to the offset of the outer loop, dB; 0 stands for 1
	MaxOffsetDB   float64 // the offset stays within ± this, dB; 0 stands for 20
	SaturationDB  float64 // how far beyond the ends of the MCS table the expected SINR is before the outer loop rests, dB; 0 stands for 10, and a large value for never
	QualityWeight float64 // share of a new SINR measurement in the expected SINR, up to 1; 0 stands for 0.5
	Discount      float64 // β of the average of past rates, per slot, below 1; 0 stands for 0.98

	Pairing PairingConfig // two UEs on the same PRBs

	BudgetMicros   float64 // receiver work per slot, µs, see [Cell.SetBudget]; 0 stands for no bound
	BudgetQuantile float64 // share of slots that must keep the budget; 0 stands for 0.999

	Check bool // [Cell.Schedule] checks every schedule with a [Checker] and returns what it finds
}

// withDefaults returns the configuration with every default filled in.
func (c Config) withDefaults() Config {
	setInt := func(p *int, usual int) {
		if *p == 0 {
			*p = usual
		}
	}
	set := func(p *float64, usual float64) {
		if *p == 0 {
			*p = usual
		}
	}
	if c.Scheduler == nil {
		c.Scheduler = ProportionalFair{}
	}
	setInt(&c.MaxUEs, 64)
	setInt(&c.MaxGrants, nr.MaxGrants)
	setInt(&c.RBGConfig, 1)
	setInt(&c.FeedbackSlots, 8)
	setInt(&c.MaxTransmissions, len(redundancyVersions))
	set(&c.TargetBLER, 0.1)
	set(&c.StepDB, 1)
	set(&c.MaxOffsetDB, 20)
	set(&c.SaturationDB, 10)
	set(&c.QualityWeight, 0.5)
	set(&c.Discount, 0.98)
	set(&c.BudgetQuantile, 0.999)
	return c
}

// Validate reports the first field out of range, as a [*nr.FieldError], or the error of
// the carrier.
func (c Config) Validate() error {
	c = c.withDefaults()
	if err := c.Carrier.Validate(); err != nil {
		return err
	}
	for _, f := range [...]struct {
		field       string
		got, lo, hi float64
	}{
		{"mac.max_ues", float64(c.MaxUEs), 1, MaxUEs},
		{"mac.max_grants", float64(c.MaxGrants), 1, nr.MaxGrants},
		{"mac.rbg_config", float64(c.RBGConfig), 1, 2},
		{"mac.k2", float64(c.K2), 0, 32},
		{"mac.feedback_slots", float64(c.FeedbackSlots), 1, 1024},
		{"mac.max_transmissions", float64(c.MaxTransmissions), 1, 16},
		{"mac.target_bler", c.TargetBLER, 0.001, 0.9},
		{"mac.step_db", c.StepDB, 0.001, 10},
		{"mac.max_offset_db", c.MaxOffsetDB, 0.001, 100},
		{"mac.saturation_db", c.SaturationDB, 1e-3, 1000},
		{"mac.quality_weight", c.QualityWeight, 1e-3, 1},
		{"mac.discount", c.Discount, 1e-6, 1 - 1e-9},
		{"mac.pairing.min_sinr_db", c.Pairing.MinSINRdB, -100, 100},
		{"mac.pairing.loss_db", c.Pairing.LossDB, 0, 100},
		{"mac.budget_micros", c.BudgetMicros, 0, 1e9},
		{"mac.budget_quantile", c.BudgetQuantile, 0.5, 0.99999},
	} {
		if !(f.got >= f.lo && f.got <= f.hi) {
			return &nr.FieldError{Field: f.field, Got: f.got, Want: fmt.Sprintf("%g…%g", f.lo, f.hi)}
		}
	}
	return nil
}

// UEConfig says how one UE is scheduled: what RRC has configured it for. It is a
// comparable value.
type UEConfig struct {
	// Grant is the pattern of all its grants. The cell writes RNTI, StartPRB, NumPRB,
	// MCSIndex, RV, HARQProcess and NewData, and the DM-RS ports of a UE that shares PRBs.
	Grant nr.Grant

	// NumProcesses is how many HARQ processes it has, 1…16; 0 stands for 16.
	NumProcesses int

	// TargetBLER and StepDB are those of its outer loop; 0 stands for those of the cell.
	TargetBLER, StepDB float64

	// StartSINRdB is what is expected of its channel before anything was measured.
	StartSINRdB float64

	// LCGs are its logical channel groups.
	LCGs [NumLCGs]LCGConfig
}

// LCGConfig is what the traffic of a logical channel group needs. The zero value asks
// for nothing: best effort.
type LCGConfig struct {
	FiveQI        int     // 5QI of TS 23.501 table 5.7.4-1, see [FiveQI]; 0 stands for 9, the default bearer
	GuaranteedBps float64 // guaranteed bit rate (GFBR), bit/s; 0 for none
}

// validate reports the first field out of range, but for the pattern of grants.
func (c *UEConfig) validate() error {
	if c.NumProcesses < 0 || c.NumProcesses > NumProcesses {
		return &nr.FieldError{Field: "mac.num_processes", Got: c.NumProcesses, Want: "0…16"}
	}
	if !(c.TargetBLER == 0 || c.TargetBLER >= 0.001 && c.TargetBLER <= 0.9) {
		return &nr.FieldError{Field: "mac.target_bler", Got: c.TargetBLER, Want: "0 or 0.001…0.9"}
	}
	if !(c.StepDB == 0 || c.StepDB >= 0.001 && c.StepDB <= 10) {
		return &nr.FieldError{Field: "mac.step_db", Got: c.StepDB, Want: "0 or 0.001…10"}
	}
	if !(c.StartSINRdB >= -100 && c.StartSINRdB <= 100) {
		return &nr.FieldError{Field: "mac.start_sinr_db", Got: c.StartSINRdB, Want: "-100…100"}
	}
	for i := range c.LCGs {
		l := &c.LCGs[i]
		if _, ok := FiveQI(l.FiveQI); !ok && l.FiveQI != 0 {
			return &nr.FieldError{Field: "mac.5qi", Got: l.FiveQI, Want: "0 or a row of TS 23.501 table 5.7.4-1"}
		}
		if !(l.GuaranteedBps >= 0 && l.GuaranteedBps <= 1e11) {
			return &nr.FieldError{Field: "mac.guaranteed_bps", Got: l.GuaranteedBps, Want: "0…1e11"}
		}
	}
	return nil
}

// rbgSize returns P, the nominal PRBs of a resource block group.
//
// TS 38.214 table 6.1.2.2.1-1.
func rbgSize(numPRB, config int) int {
	switch {
	case numPRB <= 36:
		return 2 * config
	case numPRB <= 72:
		return 4 * config
	case numPRB <= 144:
		return 8 * config
	}
	return 16
}
