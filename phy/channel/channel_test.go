// SPDX-License-Identifier: Apache-2.0

package channel_test

import (
	"errors"
	"math"
	"testing"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// TestPowerAndDoppler averages over seeds: unit power, and J0 as correlation in
// time.
func TestPowerAndDoppler(t *testing.T) {
	for _, p := range []channel.Profile{channel.Flat(), channel.TDLA30(), channel.TDLB100(), channel.TDLC300()} {
		c, err := channel.New(channel.Config{Profile: p, DopplerHz: 400, NumTx: 1, NumRx: 1})
		if err != nil {
			t.Fatal(err)
		}
		const trials, dt = 4000, 0.3e-3
		var power, corr float64
		a, b := make([]complex64, 1), make([]complex64, 1)
		for seed := range uint64(trials) {
			c.Reset(seed)
			c.Response(a, 0, 0, 1, 1e6, 30e3)
			c.Response(b, 0, 0, 1+dt, 1e6, 30e3)
			x, y := complex128(a[0]), complex128(b[0])
			power += (real(x)*real(x) + imag(x)*imag(x)) / trials
			corr += (real(x)*real(y) + imag(x)*imag(y)) / trials
		}
		if math.Abs(power-1) > 0.06 {
			t.Errorf("%s: power %.3f, want 1", p.Name, power)
		}
		if want := math.J0(2 * math.Pi * 400 * dt); math.Abs(corr-want) > 0.06 {
			t.Errorf("%s: correlation %.3f, want %.3f", p.Name, corr, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []channel.Config{{}, {NumTx: 1, NumRx: 1, DopplerHz: -1}, {NumTx: 9, NumRx: 1}, {NumTx: 1, NumRx: 1, CFOHz: math.NaN()}} {
		var bad *nr.FieldError
		if _, err := channel.New(c); !errors.As(err, &bad) {
			t.Errorf("%+v: got %v, want a *FieldError", c, err)
		}
	}
	var bad *nr.FieldError
	if _, err := channel.ProfileByName("TDLX"); !errors.As(err, &bad) || bad.Field != "channel.profile" {
		t.Errorf("got %v, want an error about channel.profile", err)
	}
	c, err := channel.New(channel.Config{NumTx: 1, NumRx: 2})
	if err != nil {
		t.Fatal(err)
	}
	dst, src := tensor.New[complex64]([]int{2, 10}), tensor.New[complex64]([]int{1, 9})
	if err := c.AddSamples(&dst, &src, 1e6, 0); !errors.Is(err, nr.ErrShape) {
		t.Errorf("got %v, want ErrShape", err)
	}
}
