// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
)

// TestRoute is where it is to be, before, on and after its way.
func TestRoute(t *testing.T) {
	r := Route{{time.Second, 0, 0}, {3 * time.Second, 20, -10}, {3 * time.Second, 7, 7}}
	for _, c := range []struct {
		at   time.Duration
		x, y float64
	}{{0, 0, 0}, {time.Second, 0, 0}, {2 * time.Second, 10, -5}, {3 * time.Second, 7, 7}, {time.Hour, 7, 7}} {
		if x, y := r.At(c.at); x != c.x || y != c.y {
			t.Errorf("at %v: (%v, %v), want (%v, %v)", c.at, x, y, c.x, c.y)
		}
	}
	walk := RandomRoute(3, 10, 100, time.Minute)
	for at := time.Duration(0); at < time.Minute; at += 100 * time.Millisecond {
		x, y := walk.At(at)
		x2, y2 := walk.At(at + 100*time.Millisecond)
		if d := math.Hypot(x2-x, y2-y); d > 1.001 || math.Abs(x) > 100 || math.Abs(y) > 100 {
			t.Fatalf("%.2f m in 100 ms to (%.1f, %.1f)", d, x, y)
		}
	}
}

// TestOddRoutes end, and none of them is taken for a trajectory that it is not.
func TestOddRoutes(t *testing.T) {
	terrain, err := channel.NewTerrain(channel.TerrainConfig{Environment: channel.UMi(), BaseHeight: 10})
	if err != nil {
		t.Fatal(err)
	}
	s, c := Site{Terrain: terrain}, nr.Carrier{SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}
	for _, speed := range []float64{0, -1, math.NaN(), math.Inf(1), 1e-300, 1e4, 1e9} {
		if r := RandomRoute(1, speed, 100, time.Second); len(r) == 0 || len(r) > 10_000 {
			t.Errorf("%v m/s: %d places", speed, len(r))
		} else if err := s.Trajectory(r[:1], &c).Validate(); err != nil {
			t.Errorf("%v m/s: %v", speed, err)
		}
	}
	for i, r := range []Route{nil, {{0, 0, 0}, {0, 9, 9}}, {{time.Second, 0, 0}, {0, 1, 1}}, {{0, math.NaN(), 0}, {1, 0, 0}}} {
		r.At(time.Second)
		if err := s.Trajectory(r, &c).Validate(); !errors.As(err, new(*nr.FieldError)) {
			t.Errorf("route %d: got %v", i, err)
		}
	}
}

// TestSite has the power that reaches a place: by hand for one place, and a trajectory that is
// that of the places on the way.
func TestSite(t *testing.T) {
	terrain, err := channel.NewTerrain(channel.TerrainConfig{Environment: channel.UMa(), Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	s := Site{Terrain: terrain, AntennaGaindB: 8, NoiseFiguredB: 5}
	c := nr.Carrier{SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}
	loss := terrain.LossDB(90, 30) - 8
	sent := min(-80+10*math.Log10(2*24)+0.8*loss, 23)
	want := sent - 10*math.Log10(288) - loss - (-174 + 10*math.Log10(30e3) + 5)
	if got := s.SNRdB(90, 30, &c); math.Abs(got-want) > 1e-9 {
		t.Errorf("%.3f dB, want %.3f", got, want)
	}
	r := RandomRoute(1, 10, 150, 10*time.Second)
	way := s.Trajectory(r, &c)
	if err := way.Validate(); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(way); i += 7 {
		x, y := r.At(way[i].At)
		if d := way[i].SNRdB - s.SNRdB(x, y, &c); math.Abs(d) > 1e-6 || math.Abs(way[i].DopplerHz-10*3.5e9/lightSpeed) > 0.01 {
			t.Errorf("%v: off by %v dB", way[i], d)
		}
	}
}

// TestQuality has the scheduler go by what somebody else knows, and by nothing else.
func TestQuality(t *testing.T) {
	cfg := testConfig(2, mac.RoundRobin{}, Traffic{})
	cfg.Quality = func(dst []float32, ue int, _ nr.Slot) {
		for i := range dst {
			dst[i] = float32(3 + 9*ue)
		}
	}
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Run(500); err != nil {
		t.Fatal(err)
	}
	for i := range cfg.UEs {
		if u, _ := l.UE(i); u.Quality[2] != float32(3+9*i) || u.Counts.SINRs != 0 {
			t.Errorf("UE %d: quality %v, %d SINRs of the receiver", i+1, u.Quality[2], u.Counts.SINRs)
		}
	}
}
