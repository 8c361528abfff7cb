// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
)

// TestOddCells runs cells that nobody has thought of, with every schedule checked: any carrier,
// policy, pattern of grants, traffic and delay, few or many UEs that come and go, feedback and
// grants that are lost, up to all of them. What is refused is refused with the name of a field.
// NEURORAN_LONG=1 runs 3 000 of them.
func TestOddCells(t *testing.T) {
	cells := 150
	if os.Getenv("NEURORAN_LONG") == "1" {
		cells = 3_000
	}
	ran := 0
	for seed := range uint64(cells) {
		cfg, slots := oddConfig(rand.New(rand.NewPCG(seed, 7)))
		l, err := New(cfg)
		if err != nil {
			var field *nr.FieldError
			if !errors.As(err, &field) && !errors.Is(err, nr.ErrUnsupported) {
				t.Errorf("seed %d: refused with %v", seed, err)
			}
			continue
		}
		ran++
		if err := l.Run(slots); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if ues, sum := l.Report(); len(ues) != len(cfg.UEs) || sum.PRBUse > 1 {
			t.Errorf("seed %d: %+v", seed, sum)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d of %d cells ran", ran, cells)
	if ran < cells/2 {
		t.Errorf("%d of %d cells ran", ran, cells)
	}
}

// oddConfig draws a cell.
func oddConfig(rng *rand.Rand) (Config, int) {
	pick := func(values ...int) int { return values[rng.IntN(len(values))] }
	scs := pick(15, 30, 60, 120)
	cfg := Config{
		MAC: mac.Config{
			Carrier:   nr.Carrier{CellID: rng.IntN(1008), SubcarrierSpacingKHz: scs, NumPRB: pick(1, 5, 11, 24, 51, 106, 135, 217, 273, 275), FFTSize: 4096, StartCRB: pick(0, 0, 3, 17)},
			Scheduler: []mac.Scheduler{mac.RoundRobin{}, mac.ProportionalFair{}, mac.MaxRate{}, mac.QoSAware{}}[rng.IntN(4)],
			K2:        pick(0, 1, 2, 7, 32), FeedbackSlots: pick(1, 2, 4, 9, 64), MaxTransmissions: pick(1, 2, 4, 16), MaxGrants: pick(0, 1, 2, 5),
			RBGConfig: pick(1, 2), BudgetMicros: float64(pick(0, 0, 0, 1, 200)), Check: true,
		},
		NumRx: pick(1, 2, 4), SoundingSlots: pick(-1, 0, 1, 7), BiasDB: float64(pick(-50, 0, 0, 3)), Seed: rng.Uint64(),
		Impairments: Impairments{GrantLoss: float64(pick(0, 0, 1, 5, 10)) / 10, FeedbackLoss: float64(pick(0, 0, 1, 5, 10)) / 10, FeedbackJitter: pick(0, 0, 3, 40)},
	}
	cfg.MAC.Carrier.CellID %= 1008
	d := nr.DMRS{ConfigType: pick(1, 1, 2), Length: pick(1, 1, 2), TypeAPosition: pick(2, 3), AdditionalPosition: pick(0, 1, 2, 3), NumCDMGroupsWithoutData: pick(1, 2)}
	g := nr.Grant{
		NID: rng.IntN(1024), NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: pick(14, 14, 4, 9),
		MCSTable: nr.MCSTable(pick(1, 2, 3)), XOverhead: pick(0, 0, 6, 18), DMRS: d,
	}
	if rng.IntN(4) == 0 {
		g.Mapping, g.StartSymbol, g.NumSymbols = nr.MappingB, pick(0, 3, 10), pick(1, 2, 4)
	}
	slot := time.Millisecond
	for i := range pick(0, 1, 3, 20, 64) {
		u := UE{
			RNTI: uint16(65535 - i*997), LCG: i % 8, Trajectory: Fixed(float64(rng.IntN(80)-30), float64(pick(0, 3, 300, 5000))),
			Profile: channel.TDLB100(), Power: Power{Control: mac.PowerControl{PCMAX: float64(pick(0, 0, 23)), P0dBm: float64(pick(-120, -90, 50)), Alpha: float64(pick(0, 1)), DeltaTF: pick(0, 1) == 1}, NoiseDBm: -113},
			Traffic: []Traffic{{}, {Pattern: Poisson, Mbps: 0.1}, {Pattern: FTP3, Mbps: 900}, {Pattern: OnOff, Mbps: 5}, {Pattern: Periodic, Mbps: 1e-6}}[rng.IntN(5)],
			MAC:     mac.UEConfig{Grant: g, NumProcesses: pick(0, 1, 2, 16), StartSINRdB: float64(pick(-30, 0, 40))},
		}
		u.MAC.LCGs[u.LCG] = mac.LCGConfig{FiveQI: pick(0, 1, 5, 9, 82), GuaranteedBps: float64(pick(0, 1, 1e9))}
		if rng.IntN(3) == 0 {
			u.Arrive = time.Duration(rng.IntN(100)) * slot
			u.Leave = u.Arrive + time.Duration(1+rng.IntN(100))*slot
		}
		cfg.UEs = append(cfg.UEs, u)
	}
	return cfg, 200
}

// TestOddTraffic ends, and says what it cannot do: packets by the million per second, of which
// the clock of a packet would stand still, and times beyond any clock.
func TestOddTraffic(t *testing.T) {
	same := make([]Packet, 3000)
	for i := range same {
		same[i].Bytes = 1
	}
	for i, x := range []Traffic{
		{Pattern: Poisson, Mbps: 1e5, Bytes: 1}, {Pattern: Periodic, Mbps: 1e5, Bytes: 1}, {Pattern: Periodic, Mbps: 1e-6, Bytes: 1 << 28},
		{Pattern: Poisson, Mbps: 1e-6, Bytes: 1 << 28}, {Pattern: OnOff, Mbps: 1e-6, Bytes: 1 << 28, On: 1, Off: 1}, {Pattern: OnOff, Mbps: 1, On: 1 << 62, Off: 1 << 62},
		{Pattern: OnOff, Mbps: 0.01, On: time.Millisecond, Off: time.Millisecond}, {Pattern: Recorded, Packets: same}, {Pattern: Recorded, Packets: []Packet{{At: 5, Bytes: -1}, {At: 2}}},
		{Pattern: Recorded, Packets: []Packet{{At: 1 << 62, Bytes: 1}}},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			s, err := NewSource(x, 1)
			if err != nil {
				if !errors.As(err, new(*nr.FieldError)) {
					t.Errorf("refused with %v", err)
				}
				return
			}
			n, last := 0, time.Duration(0)
			for ; n < 20_000; n++ {
				p, ok := s.Next()
				if !ok {
					break
				}
				if p.At < last || p.Bytes < 1 {
					t.Fatalf("packet %d of %d bytes at %v, after %v", n, p.Bytes, p.At, last)
				}
				last = p.At
			}
			if n == 20_000 && last < 10*time.Millisecond {
				t.Errorf("%d packets in %v", n, last)
			}
		})
	}
}
