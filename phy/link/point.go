// SPDX-License-Identifier: Apache-2.0

package link

import "math"

// Point is the result at one signal to noise ratio.
//
// The interval is that of C. J. Clopper and E. S. Pearson, Biometrika 26, 1934.
type Point struct {
	SNRdB  float64 // signal to noise ratio, dB
	Trials int     // trials simulated
	Outcome
	Low, High float64 // confidence interval of the block error rate

	// ThroughputStd is the standard deviation of Throughput: trials are independent,
	// what happens within one is not.
	ThroughputStd float64
}

// Throughput returns what was delivered over what all transmissions could have
// delivered: 1 where every first transmission is received.
func (p *Point) Throughput() float64 { return p.throughput() }

// BLER returns the block error rate, 0 without blocks.
func (p *Point) BLER() float64 { return ratio(p.BlockErrors, p.Blocks) }

// BER returns the bit error rate, 0 without bits.
func (p *Point) BER() float64 { return ratio(p.BitErrors, p.Bits) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Crossing returns the signal to noise ratio at which the block error rate falls
// to the target, by interpolation that is linear in dB and in the logarithm of
// the rate, and the same for the ends of the confidence intervals. A value is
// NaN where the points do not enclose it. Points ascend in SNRdB.
func Crossing(points []Point, target float64) (snr, low, high float64) {
	snr = crossing(points, target, (*Point).BLER)
	low = crossing(points, target, func(p *Point) float64 { return p.Low })
	high = crossing(points, target, func(p *Point) float64 { return p.High })
	return snr, low, high
}

func crossing(points []Point, target float64, rate func(*Point) float64) float64 {
	for i := 1; i < len(points); i++ {
		a, b := rate(&points[i-1]), rate(&points[i])
		if a < target || b > target {
			continue
		}
		if b <= 0 {
			b = target * 1e-3
		}
		if a == b {
			return points[i].SNRdB
		}
		x := (math.Log(a) - math.Log(target)) / (math.Log(a) - math.Log(b))
		return points[i-1].SNRdB + x*(points[i].SNRdB-points[i-1].SNRdB)
	}
	return math.NaN()
}

// Interval returns the Clopper-Pearson interval of a proportion: errors of n
// independent trials, at the given confidence. It is [0, 1] without trials.
// Blocks of one slot that share a channel are not independent; the interval is
// then too narrow.
//
// C. J. Clopper and E. S. Pearson, Biometrika 26 (1934).
func Interval(errors, n int, confidence float64) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	tail := (1 - confidence) / 2
	high = 1
	if errors > 0 {
		low = betaQuantile(tail, float64(errors), float64(n-errors+1))
	}
	if errors < n {
		high = betaQuantile(1-tail, float64(errors+1), float64(n-errors))
	}
	return low, high
}

// betaQuantile inverts the regularized incomplete beta function by bisection.
func betaQuantile(p, a, b float64) float64 {
	lo, hi := 0.0, 1.0
	for range 100 {
		mid := (lo + hi) / 2
		if betaInc(mid, a, b) < p {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

// betaInc is the regularized incomplete beta function I_x(a, b), by its
// continued fraction (Abramowitz and Stegun 26.5.8) with Lentz's method.
func betaInc(x, a, b float64) float64 {
	if x <= 0 || x >= 1 {
		return min(max(x, 0), 1)
	}
	if x > (a+1)/(a+b+2) {
		return 1 - betaInc(1-x, b, a)
	}
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab-la-lb+a*math.Log(x)+b*math.Log1p(-x)) / a
	const tiny = 1e-300
	f, c, d := 1.0, 1.0, 0.0
	for i := range 1000 {
		m := float64(i / 2)
		num := 1.0
		switch {
		case i == 0:
		case i%2 == 0:
			num = m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		default:
			num = -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		}
		if d = 1 + num*d; math.Abs(d) < tiny {
			d = tiny
		}
		d = 1 / d
		if c = 1 + num/c; math.Abs(c) < tiny {
			c = tiny
		}
		f *= c * d
		if math.Abs(1-c*d) < 1e-14 {
			break
		}
	}
	return front * (f - 1)
}
