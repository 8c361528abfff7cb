// SPDX-License-Identifier: Apache-2.0

package link

import (
	"fmt"
	"math"
	"testing"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
)

// spy keeps the symbols that an equalizer found.
type spy struct {
	pusch.Equalizer
	symbols *nr.Symbols
}

func (s *spy) Equalize(dst []nr.Symbols, data nr.View, ch *nr.Channel) error {
	s.symbols = &dst[0]
	return s.Equalizer.Equalize(dst, data, ch)
}

// TestReportedErrorIsTrue compares the error variance that the receiver states,
// and with it the SINR, with the distance of QPSK symbols from the sent ones. What
// the straight lines of "ls" miss of a long channel it cannot know.
func TestReportedErrorIsTrue(t *testing.T) {
	const trials, toleranceDB = 20, 0.8
	for _, c := range []struct {
		receiver  string
		profile   channel.Profile
		dopplerHz float64
		numPRB    int
	}{
		{"ls", channel.Flat(), 0, 24},
		{"lmmse", channel.Flat(), 0, 4},
		{"lmmse", channel.TDLA30(), 10, 24},
		{"lmmse", channel.TDLC300(), 10, 24},
		{PerfectCSI, channel.TDLC300(), 10, 24},
	} {
		for _, snr := range []float64{10, 20, 30} {
			t.Run(fmt.Sprintf("%s/%s/snr=%g", c.receiver, c.profile.Name, snr), func(t *testing.T) {
				p, s := spied(t, c.receiver, c.numPRB, channel.Config{Profile: c.profile, DopplerHz: c.dopplerHz})
				var found, stated float64
				for seed := range uint64(trials) {
					if _, err := p.Simulate(Trial{Seed: seed, SNRdB: snr}); err != nil {
						t.Fatal(err)
					}
					f, st := errorOf(s.symbols)
					found, stated = found+10*math.Log10(f)/trials, stated+10*math.Log10(st)/trials
				}
				if math.Abs(found-stated) > toleranceDB {
					t.Errorf("error of %.2f dB, and %.2f dB is stated", found, stated)
				}
			})
		}
	}
}

// TestReportedStdIsTrue compares the error of the SINR with the standard deviation
// that is stated for it. The distances of n symbols, which the SINR is compared with,
// have themselves a relative error of 1/√n. Where nothing is sent no SINR is observed.
func TestReportedStdIsTrue(t *testing.T) {
	const trials = 150
	for _, receiver := range []string{"ls", "lmmse"} {
		for _, numPRB := range []int{1, 4} {
			p, s := spied(t, receiver, numPRB, channel.Config{Profile: channel.TDLA30(), DopplerHz: 10})
			sum := 0.0
			for seed := range uint64(trials) {
				if _, err := p.Simulate(Trial{Seed: seed, SNRdB: 20}); err != nil {
					t.Fatal(err)
				}
				q := &s.symbols.Quality
				if !q.SINRObserved {
					t.Fatalf("%s, %d PRBs, seed %d: no SINR is observed at 20 dB: %+v", receiver, numPRB, seed, q)
				}
				found, stated := errorOf(s.symbols)
				off, std := found/stated-1, float64(q.SINRStd/q.SINR)
				sum += off * off / (std*std + 1/float64(s.symbols.Z.Len()))
			}
			if rms := math.Sqrt(sum / trials); rms < 0.8 || rms > 1.4 {
				t.Errorf("%s, %d PRBs: the error of the SINR is %.2f times its standard deviation", receiver, numPRB, rms)
			}
			observed := 0
			for seed := range uint64(trials) {
				if _, err := p.Simulate(Trial{Seed: seed, SNRdB: -60}); err != nil {
					t.Fatal(err)
				}
				if q := &s.symbols.Quality; q.SINRObserved {
					observed++
				} else if q.SINRStd != 0 {
					t.Errorf("a SINR that is not observed has a standard deviation: %+v", q)
				}
			}
			if observed > trials/20 {
				t.Errorf("%s, %d PRBs: a SINR is observed in %d of %d slots of noise", receiver, numPRB, observed, trials)
			}
		}
	}
}

// spied returns a simulation of one UE, and what the equalizer finds in each trial.
func spied(t *testing.T, receiver string, numPRB int, c channel.Config) (*PUSCH, *spy) {
	t.Helper()
	cfg := singleUE(receiver, numPRB, c)
	name := receiver
	if name == PerfectCSI {
		name = "lmmse"
	}
	blocks, err := pusch.NewBlocks(name, pusch.Limits{Carrier: cfg.Carrier, NumRx: cfg.NumRx})
	if err != nil {
		t.Fatal(err)
	}
	s := &spy{Equalizer: blocks.Equalizer}
	cfg.Blocks.Equalizer = s
	p, err := NewPUSCH(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p, s
}

// singleUE returns a simulation of one UE that sends QPSK on all PRBs to two
// antennas.
func singleUE(receiver string, numPRB int, c channel.Config) PUSCHConfig {
	return PUSCHConfig{
		Carrier: nr.Carrier{CellID: 3, SubcarrierSpacingKHz: 30, NumPRB: numPRB, FFTSize: 512}, NumRx: 2, Receiver: receiver,
		UEs: []UE{{Channel: c, Grant: nr.Grant{
			RNTI: 1, NID: 3, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: numPRB,
			MCSTable: nr.MCSTable64QAM, MCSIndex: 5, NewData: true,
			DMRS: nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, AdditionalPosition: 1, NumCDMGroupsWithoutData: 2},
		}}},
	}
}

// errorOf returns the mean squared distance of QPSK symbols from the nearest
// point, and the mean variance that is stated for them.
func errorOf(s *nr.Symbols) (found, stated float64) {
	z, variance := s.Z.Data(), s.NoiseVar.Data()
	for i := range z {
		re := math.Abs(float64(real(z[i]))) - math.Sqrt2/2
		im := math.Abs(float64(imag(z[i]))) - math.Sqrt2/2
		found += (re*re + im*im) / float64(len(z))
		stated += float64(variance[i]) / float64(len(z))
	}
	return found, stated
}
