// SPDX-License-Identifier: Apache-2.0

package mac_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// TestBSRLevels checks single rows of TS 38.321 tables 6.1.3.1-1 and -2, and that the bytes
// of a report are the next level above what a UE has.
func TestBSRLevels(t *testing.T) {
	for _, c := range []struct {
		format mac.BSRFormat
		level  uint8
		bytes  int
	}{
		{mac.ShortBSR, 0, 0}, {mac.ShortBSR, 1, 10}, {mac.ShortBSR, 15, 1038}, {mac.ShortBSR, 30, 150000},
		{mac.LongBSR, 0, 0}, {mac.LongBSR, 1, 10}, {mac.LongBSR, 32, 75}, {mac.LongBSR, 128, 31342},
		{mac.LongBSR, 253, 81338368},
	} {
		r := mac.BSR{Format: c.format, LCGs: 4}
		r.Levels[2] = c.level
		got, ok := r.Bytes(2)
		if got != c.bytes || !ok {
			t.Errorf("format %d, level %d: %d bytes, want %d", c.format, c.level, got, c.bytes)
		}
	}
	for _, n := range []int{1, 10, 11, 500, 1446, 1447, 99_999, 150_000, 150_001, 5_000_000, 81_338_368, 90_000_000} {
		for _, two := range []int{0, 7} {
			waiting := [mac.NumLCGs]int{3: n, 5: two}
			r := mac.NewBSR(&waiting)
			if want := mac.ShortBSR; (two > 0) != (r.Format == mac.LongBSR) || two == 0 && r.Format != want {
				t.Fatalf("%v: format %d", waiting, r.Format)
			}
			got, _ := r.Bytes(3)
			if got < n && n <= 150_000 || got < 1_200_000 && n > 150_000 && two == 0 || n <= 150_000 && float64(got) > 1.45*float64(n)+10 {
				t.Errorf("%d bytes are reported as %d", n, got)
			}
			if none, ok := r.Bytes(0); none != 0 || !ok {
				t.Errorf("an empty group has %d bytes", none)
			}
		}
	}
}

// TestBSRElement writes and reads the control elements of TS 38.321 §6.1.3.1.
func TestBSRElement(t *testing.T) {
	short := mac.NewBSR(&[mac.NumLCGs]int{2: 1038})
	if got := short.Append(nil); !bytes.Equal(got, []byte{2<<5 | 15}) {
		t.Errorf("short: % x", got)
	}
	long := mac.NewBSR(&[mac.NumLCGs]int{1: 10, 7: 31342})
	if got := long.Append(nil); !bytes.Equal(got, []byte{1<<1 | 1<<7, 1, 128}) {
		t.Errorf("long: % x", got)
	}
	for _, r := range []mac.BSR{short, long} {
		back, rest, err := mac.ParseBSR(r.Format, append(r.Append(nil), 0xaa))
		if back != r || err != nil || len(rest) != 1 {
			t.Errorf("%+v became %+v, %v", r, back, err)
		}
	}
	if _, _, err := mac.ParseBSR(mac.LongBSR, []byte{3, 1}); !errors.Is(err, nr.ErrShape) {
		t.Errorf("cut off: %v", err)
	}
}

func FuzzParseBSR(f *testing.F) {
	f.Add(true, []byte{0x82, 1, 128})
	f.Add(false, []byte{0x4f})
	f.Fuzz(func(t *testing.T, long bool, text []byte) {
		format := mac.ShortBSR
		if long {
			format = mac.LongBSR
		}
		r, rest, err := mac.ParseBSR(format, text)
		if err != nil {
			return
		}
		if back := r.Append(nil); !bytes.Equal(back, text[:len(text)-len(rest)]) {
			t.Errorf("% x became % x", text, back)
		}
		for i := range mac.NumLCGs {
			if n, ok := r.Bytes(i); !ok || n < 0 {
				t.Errorf("group %d: %d bytes", i, n)
			}
		}
	})
}

// TestPowerHeadroom checks rows of TS 38.133 table 10.1.17.1-1 and that a level is never
// above what it stands for.
func TestPowerHeadroom(t *testing.T) {
	for level, want := range map[int]float64{0: -33, 1: -32, 33: 0, 54: 21, 55: 22, 56: 24, 62: 36, 63: 38} {
		if got := mac.PowerHeadroomDB(level); got != want {
			t.Errorf("level %d: %g dB, want %g", level, got, want)
		}
		if got := mac.PowerHeadroomLevel(want); int(got) != level {
			t.Errorf("%g dB: level %d, want %d", want, got, level)
		}
	}
	for x := -33.0; x < 45; x += 0.25 {
		if got := mac.PowerHeadroomDB(int(mac.PowerHeadroomLevel(x))); got > x || x < 38 && got < x-2 {
			t.Errorf("%g dB is reported as %g", x, got)
		}
	}
	if mac.PowerHeadroomLevel(math.NaN()) != 0 {
		t.Error("NaN has headroom")
	}
}

// TestPowerControl checks TS 38.213 §7.1.1 by hand: 10 PRBs at 30 kHz, full compensation.
func TestPowerControl(t *testing.T) {
	p := mac.PowerControl{P0dBm: -90, Alpha: 1, PCMAX: 23}
	got, headroom := p.Transmit(80, 1, 10, 0)
	want := -90 + 10*math.Log10(20) + 80
	if math.Abs(got-want) > 1e-9 || math.Abs(headroom-(23-want)) > 1e-9 {
		t.Errorf("%g dBm, headroom %g; want %g", got, headroom, want)
	}
	if got, headroom = p.Transmit(120, 1, 10, 0); got != 23 || headroom >= 0 {
		t.Errorf("beyond the power: %g dBm, headroom %g", got, headroom)
	}
	p.DeltaTF = true
	if got, _ = p.Transmit(80, 1, 10, 0.8); math.Abs(got-want) > 1e-9 { // 2^(0.8·1.25) − 1 = 1
		t.Errorf("with Δ_TF: %g dBm, want %g", got, want)
	}
}

// TestHeadroomBoundsPRBs checks that a UE is not granted more PRBs than its power lasts for.
func TestHeadroomBoundsPRBs(t *testing.T) {
	l := newLoop(t, mac.Config{Carrier: narrow, Check: true}, 1, 1)
	l.attach(t, &terminal{rnti: 3, snrDB: 12}, mac.UEConfig{})
	for range 20 {
		l.step(t)
	}
	g := l.sched.Grants[0]
	if g.NumPRB != 24 {
		t.Fatalf("%d PRBs without a report", g.NumPRB)
	}
	f := l.transmit(l.terminals[3], &g)
	f.Outcome, f.HasPHR, f.PHR = nr.OutcomePassed, true, mac.PowerHeadroomLevel(-4) // four tenths of 24
	l.cell.Feedback(l.slot, []mac.Feedback{f})
	for range 10 {
		l.step(t)
		for _, g := range l.sched.Grants {
			if g.NewData && (g.NumPRB > 9 || g.NumPRB < 8) {
				t.Errorf("%d PRBs, want 8 or 9", g.NumPRB)
			}
		}
	}
}

// TestPrioritize follows TS 38.321 §5.4.3.1: prioritized rates first, then priorities.
func TestPrioritize(t *testing.T) {
	channels := func() []mac.LogicalChannel {
		return []mac.LogicalChannel{
			{Priority: 3, PBR: 1000, BucketSize: 100 * time.Millisecond, Waiting: 500},
			{Priority: 1, PBR: math.Inf(1), Waiting: 40},
			{Priority: 2, PBR: 2000, BucketSize: 100 * time.Millisecond, Waiting: 500},
		}
	}
	for _, c := range []struct {
		room int
		want []int
	}{
		{0, []int{0, 0, 0}},
		{30, []int{0, 30, 0}},
		{100, []int{0, 40, 60}},     // the second has 100 in its bucket
		{170, []int{30, 40, 100}},   // then the third its 50
		{300, []int{50, 40, 210}},   // and what is left goes to the second
		{5000, []int{500, 40, 500}}, // all
	} {
		all, dst := channels(), make([]int, 3)
		n := mac.Prioritize(dst, all, c.room, 50*time.Millisecond)
		if diff := cmp.Diff(c.want, dst); diff != "" {
			t.Errorf("%d bytes of room: %s", c.room, diff)
		}
		sum, left := 0, 0
		for i := range dst {
			sum += dst[i]
			left += all[i].Waiting
		}
		if sum != n || sum+left != 1040 || n > c.room {
			t.Errorf("%d bytes of room: %d given out, %d wait", c.room, n, left)
		}
	}
}

// TestCurves reads the file of the package and files that are wrong.
func TestCurves(t *testing.T) {
	c := mac.DefaultCurves()
	for table := nr.MCSTable64QAM; table <= nr.MCSTableLowSE; table++ {
		last := math.Inf(-1)
		for i := 0; ; i++ {
			row, _ := table.Row(i)
			if row.Reserved() {
				break
			}
			tbs := nr.TransportBlockSize(156, 20, 1, row)
			x := c.Needed(table, i, tbs, 0.1)
			if got := c.BLER(table, i, tbs, x); math.Abs(got-0.1) > 1e-9 {
				t.Errorf("table %d, MCS %d: BLER %g where 0.1 is needed", table, i, got)
			}
			if c.BLER(table, i, tbs, x-3) < 0.99 || c.BLER(table, i, tbs, x+3) > 1e-3 {
				t.Errorf("table %d, MCS %d: a flat curve", table, i)
			}
			if x < last-0.3 {
				t.Errorf("table %d, MCS %d needs %.2f dB, the one below %.2f", table, i, x, last)
			}
			last = x
		}
	}
	head := "qm,rate2048,block_bits,snr50_db,sigma_db,low_db,high_db,blocks\n"
	for name, text := range map[string]string{
		"head": "a,b\n", "missing rows": head, "columns": head + "2,240,600\n", "number": head + "2,240,x,1,1,1,1,1\n",
		"unknown": head + "3,240,600,1,1,1,1,1\n", "sigma": head + "2,240,600,1,0,1,1,1\n",
		"twice": head + "2,240,600,1,1,1,1,1\n2,240,600,1,1,1,1,1\n", "size": head + "2,240,6e9,1,1,1,1,1\n",
	} {
		var field *nr.FieldError
		if _, err := mac.ReadCurves(strings.NewReader(text)); !errors.As(err, &field) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBounds reads the file of this library's decoder: fewer iterations cost more, and as many
// are taken as cost what there is to spare. And it refuses what is no such file.
func TestBounds(t *testing.T) {
	b := mac.DefaultBounds()
	for n := 1; n < 20; n++ {
		if x, y := b.LossDB(nr.MCSTable64QAM, 20, n), b.LossDB(nr.MCSTable64QAM, 20, n+1); !(x > y) {
			t.Errorf("%d iterations cost %.2f dB, one more %.2f", n, x, y)
		}
		spare := b.LossDB(nr.MCSTable64QAM, 20, n)
		if got := b.Iterations(nr.MCSTable64QAM, 20, spare); got != n {
			t.Errorf("%.2f dB to spare: %d iterations, want %d", spare, got, n)
		}
	}
	if b.LossDB(nr.MCSTable64QAM, 20, 0) != 0 || b.LossDB(nr.MCSTable64QAM, 20, nr.MaxIterations) != 0 || b.Iterations(nr.MCSTable64QAM, 20, -1) != 20 {
		t.Error("no bound costs something")
	}
	head := "qm,rate2048,loss2_db,loss3_db,loss4_db,loss5_db,loss6_db,loss7_db,loss8_db,loss10_db,loss12_db,loss16_db,loss20_db,std_db\n"
	for name, text := range map[string]string{
		"head": "a\n", "missing rows": head, "columns": head + "2,240,4\n", "not a number": head + "2,240,x,3,2,1,1,1,1,1,1,1,0,0\n",
		"unknown": head + "3,240,4,3,2,1,1,1,1,1,1,1,0,0\n", "ascending": head + "2,240,4,3,2,1,1,1,1,1,1,2,0,0\n",
		"last": head + "2,240,4,3,2,1,1,1,1,1,1,1,1,0\n", "nothing": head + "2,240,0,0,0,0,0,0,0,0,0,0,0,0\n",
	} {
		var field *nr.FieldError
		if _, err := mac.ReadBounds(strings.NewReader(text)); !errors.As(err, &field) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReadBounds(f *testing.F) {
	f.Add("qm,rate2048,loss2_db,loss3_db,loss4_db,loss5_db,loss6_db,loss7_db,loss8_db,loss10_db,loss12_db,loss16_db,loss20_db,std_db\n2,240,4,3,2,1,1,1,1,1,1,1,0,0\n")
	f.Fuzz(func(t *testing.T, text string) {
		if b, err := mac.ReadBounds(strings.NewReader(text)); err == nil {
			b.LossDB(nr.MCSTable64QAM, 3, 5)
		}
	})
}

func FuzzReadCurves(f *testing.F) {
	f.Add("qm,rate2048,block_bits,snr50_db,sigma_db,low_db,high_db,blocks\n2,240,600,1,1,1,1,1\n")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := mac.ReadCurves(strings.NewReader(text)); err == nil {
			c.BLER(nr.MCSTable64QAM, 3, 1000, 2)
		}
	})
}
