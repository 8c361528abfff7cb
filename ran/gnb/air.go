// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/sfaas"
)

// Air is everything between the blocks that UEs send in a slot and what the receiver says
// of them: transmitters, channels, noise and the receiver itself. There are three:
// [NewWaveform] sends the real thing through the real chain, [NewAbstract] draws what would
// come of it, and [Station.NewRecorded] draws it while the chain works on samples made in
// advance. One goroutine at a time may use an Air.
type Air interface {
	// Transmit sends what the grants of a slot ask for. Slots ascend.
	//
	//   - dst: one entry for each grant, zero when Transmit is called
	//   - who: the UE of each grant, its index in [Config].UEs; −1 for one that has left or
	//     has not heard its grant
	Transmit(dst []Reception, s *nr.Schedule, who []int) error

	// Sound writes the SINR after the equalizer that a UE would have in each resource
	// block group, in dB, as a sounding reference signal in the slot shows it.
	Sound(dst []float32, ue int, slot nr.Slot)

	// Close releases what the Air holds.
	Close() error
}

// Reception is what the receiver says of one grant.
type Reception struct {
	Outcome      nr.Outcome
	SINRObserved bool    // whether SINRdB is a measurement
	SINRdB       float32 // after equalization, dB
	Iterations   uint8   // LDPC iterations; 0 where that is not known

	MeanIterations float32 // per code block, see [mac.Feedback]
}

// AirConfig describes carrier, receiver and UEs to an [Air]. It is passed by value.
type AirConfig struct {
	Carrier nr.Carrier
	RBGs    []RBG // resource block groups of the cell
	NumRx   int   // receive antennas
	UEs     []UE

	// Receiver names the algorithms: ls, lmmse or neural, see uplink.Config. The abstract
	// air takes neural as lmmse.
	Receiver string

	// Samples sends samples, with the interference between subcarriers and symbols that
	// Doppler, carrier offset and delay cause, instead of resource elements. The abstract
	// air knows no difference.
	Samples bool

	// NoCombining receives each transmission by itself, without the soft bits of earlier
	// ones, to show what those are worth. The waveform always combines.
	NoCombining bool

	// Scheduler, if its carrier is set, is made a function beside the receiver of a
	// [Station], see [Station.NewMaker].
	Scheduler mac.Config

	// FeedbackByHost lets the loop tell that scheduler what became of grants, and not the
	// receiver, whose blocks are then received for the sake of the work: so for
	// [Station.NewRecorded].
	FeedbackByHost bool

	Workers  int             // of the receiver's runtime; 0 stands for one per processor
	Timeline *sfaas.Timeline // of a station whose slots begin by a clock; nil for virtual time
	Options  []sfaas.Option  // further ones of the receiver's runtime, such as [sfaas.WithThreads]

	Seed uint64 // of fading, noise and data
}

// RBG is a resource block group.
type RBG struct {
	StartPRB int // first PRB in the carrier
	NumPRB   int // PRBs
}

// slotTime returns when a slot starts.
func slotTime(c *nr.Carrier, slot nr.Slot) time.Duration {
	return time.Duration(slot) * c.Numerology().SlotDuration()
}

// frequency returns the middle of a group in Hz from the carrier.
func (c *AirConfig) frequency(g RBG) float64 {
	subcarriers := float64(nr.SubcarriersPerPRB) * (float64(g.StartPRB) + float64(g.NumPRB)/2)
	return (subcarriers - float64(c.Carrier.NumSubcarriers())/2) * float64(c.Carrier.SubcarrierSpacingKHz) * 1e3
}

// path returns the channel of UE i with the Doppler frequency. Both airs have the same
// fading for the same seed.
func (c *AirConfig) path(i int, dopplerHz float64) (*channel.TDL, error) {
	u := &c.UEs[i]
	return channel.New(channel.Config{
		Profile: u.Profile, DopplerHz: dopplerHz, NumTx: max(u.MAC.Grant.NumAntennaPorts, 1), NumRx: c.NumRx,
		DelaySeconds: u.DelaySeconds, CFOHz: u.CFOHz, Seed: c.seed(i, 0),
	})
}

// seed derives the seed of a purpose of UE i (splitmix64, Steele, Lea and Flood 2014).
func (c *AirConfig) seed(i int, purpose uint64) uint64 { return mixSeed(c.Seed, uint64(i)<<8|purpose) }

func mixSeed(seed, index uint64) uint64 {
	z := seed + (index+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
