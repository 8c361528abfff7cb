// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"fmt"
	"math"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
)

// UE is one user equipment of a cell: its channel, its traffic, and how it is scheduled.
type UE struct {
	RNTI   uint16       // its name; there is no random access
	MAC    mac.UEConfig // how it is scheduled
	LCG    int          // logical channel group of its traffic, 0…7
	Arrive time.Duration
	Leave  time.Duration // 0 stands for never

	Traffic    Traffic
	Channel    mac.LogicalChannel // logical channel of its traffic
	Bearers    []Bearer           // further bearers, up to seven, among which the UE shares out its blocks
	Trajectory Trajectory         // signal to noise ratio and Doppler frequency over time

	Profile      channel.Profile // power delay profile; the zero value is flat
	DelaySeconds float64         // arrival after the receiver's symbol timing
	CFOHz        float64         // carrier frequency offset
	Power        Power           // transmit power control; the zero value has none
}

// dataREsPerPRB returns the data resource elements per PRB of the UE's grants, less the
// overhead; they all have one pattern.
func (u *UE) dataREsPerPRB() int { return u.MAC.Grant.DataREsPerPRB() - u.MAC.Grant.XOverhead }

// Impairments are what goes wrong between scheduler, UEs and receiver. The zero value is
// nothing.
type Impairments struct {
	GrantLoss      float64 // share of the grants that a UE does not hear
	FeedbackLoss   float64 // share of the slots whose feedback is lost
	FeedbackJitter int     // slots by which feedback is late at most, so that it comes out of order
}

// Config describes one cell with everything around it. It is passed by value.
type Config struct {
	MAC mac.Config // carrier, policy, timing; FeedbackSlots is the feedback delay too
	UEs []UE

	NumRx    int    // receive antennas; 0 stands for 2
	Receiver string // ls, lmmse or neural; "" stands for lmmse
	Samples  bool   // see [AirConfig]
	Workers  int    // see [AirConfig]

	// NewAir makes the air: [NewAbstract], which nil stands for, [NewWaveform], or the
	// NewAir of a [Station].
	NewAir func(AirConfig) (Air, error)

	// NewMaker makes the scheduler: nil stands for a [mac.Cell] without a runtime; that of a
	// [Function] or a [Station] is a stateful function.
	NewMaker func(mac.Config) (Maker, error)

	NoCombining bool // see [AirConfig]

	BiasDB        float64 // by how much reported SINRs are too high
	SoundingSlots int     // slots from one sounding of a UE to its next; 0 stands for 20, negative for none

	// Quality, if it is not nil, is what the scheduler is told in the place of soundings, and
	// then nothing of the SINRs that the receiver measures: what somebody else knows of a UE's
	// channel, such as package mac/coord from where it is. It writes the SINR of each resource
	// block group, dB.
	Quality func(dst []float32, ue int, slot nr.Slot)

	Impairments Impairments

	Seed uint64 // everything random follows from it
}

// withDefaults returns the configuration with defaults filled in.
func (c Config) withDefaults() Config {
	if c.NumRx == 0 {
		c.NumRx = 2
	}
	if c.SoundingSlots == 0 {
		c.SoundingSlots = 20
	}
	if c.MAC.FeedbackSlots == 0 {
		c.MAC.FeedbackSlots = 8
	}
	if c.NewAir == nil {
		c.NewAir = NewAbstract
	}
	if c.NewMaker == nil {
		c.NewMaker = func(cfg mac.Config) (Maker, error) {
			cell, err := mac.New(cfg)
			return plain{cell}, err
		}
	}
	if c.MAC.MaxUEs == 0 {
		c.MAC.MaxUEs = max(len(c.UEs), 1)
	}
	return c
}

// Validate reports the first field out of range, as a [*nr.FieldError] or the error of the
// part that it belongs to.
func (c Config) Validate() error {
	if err := c.MAC.Validate(); err != nil {
		return err
	}
	names := map[uint16]bool{}
	for i := range c.UEs {
		u := &c.UEs[i]
		field := fmt.Sprintf("ues[%d]", i)
		switch {
		case u.RNTI == 0 || names[u.RNTI]:
			return &nr.FieldError{Field: field + ".rnti", Got: u.RNTI, Want: "1…65535, each once"}
		case u.Arrive < 0 || u.Leave != 0 && u.Leave <= u.Arrive:
			return &nr.FieldError{Field: field + ".leave", Got: u.Leave, Want: "0, or after its arrival"}
		}
		if err := u.Power.validate(field); err != nil {
			return err
		}
		if err := u.validateBearers(field); err != nil {
			return err
		}
		names[u.RNTI] = true
		if err := u.Trajectory.Validate(); err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
	}
	x := c.Impairments
	switch {
	case !(math.Abs(c.BiasDB) <= 50):
		return &nr.FieldError{Field: "bias_db", Got: c.BiasDB, Want: "±50 dB"}
	case !(x.GrantLoss >= 0 && x.GrantLoss <= 1 && x.FeedbackLoss >= 0 && x.FeedbackLoss <= 1):
		return &nr.FieldError{Field: "impairments", Got: x, Want: "shares of 0…1"}
	case x.FeedbackJitter < 0 || x.FeedbackJitter > maxJitter:
		return &nr.FieldError{Field: "impairments.feedback_jitter", Got: x.FeedbackJitter, Want: fmt.Sprintf("0…%d", maxJitter)}
	}
	return nil
}

const maxJitter = 256

// validate reports what no air can work with.
func (c *AirConfig) validate() error {
	if err := c.Carrier.Validate(); err != nil {
		return err
	}
	if c.NumRx < 1 || c.NumRx > nr.MaxRx {
		return &nr.FieldError{Field: "num_rx", Got: c.NumRx, Want: fmt.Sprintf("1…%d", nr.MaxRx)}
	}
	if _, ok := receiverModels[c.Receiver]; !ok {
		return &nr.FieldError{Field: "receiver", Got: c.Receiver, Want: "ls, lmmse or neural"}
	}
	return nil
}
