// SPDX-License-Identifier: Apache-2.0

package nr

import "math"

// Quality carries the measurements of one transmission along its way. What was
// not observed is 0, and so is its standard deviation; but for SINR, which then says
// what the equalizer took for granted.
//
// It is measured on the DM-RS of TS 38.211 §6.4.1.1.
type Quality struct {
	SINR          float32 // mean unbiased post-equalization SINR over layers and data REs, linear
	SINRStd       float32 // standard deviation of the error of SINR, linear
	SINRObserved  bool    // whether the UE's DM-RS stands out of the noise, so that SINR is a measurement
	SNR           float32 // DM-RS power over noise per antenna and layer, linear
	SNRStd        float32 // standard deviation of the error of SNR, linear
	Absent        bool    // nothing of the UE's DM-RS is there; false where nobody looked
	DelaySeconds  float64 // arrival after the receiver's symbol timing, s
	DelayStd      float64 // standard deviation of its error, s
	DelayObserved bool    // whether the UE's DM-RS stands out of the noise
	CFOHz         float64 // carrier frequency offset, Hz
	CFOStd        float64 // standard deviation of its error, Hz
	CFOObserved   bool    // whether the DM-RS allowed a frequency estimate
}

// SINRdB returns the mean unbiased SINR after equalization in dB, −100…200; −100
// where none was observed.
func (q *Quality) SINRdB() float64 {
	if !q.SINRObserved {
		return decibel(0)
	}
	return decibel(q.SINR)
}

// SNRdB returns the DM-RS power over noise per antenna and layer in dB, −100…200;
// −100 where none was observed.
func (q *Quality) SNRdB() float64 { return decibel(q.SNR) }

// decibel returns a power ratio in dB. What overflowed and is no number, as with
// samples near the largest float32, counts as no power.
func decibel(x float32) float64 {
	if !(x > 1e-10) {
		return -100
	}
	return 10 * math.Log10(min(float64(x), 1e20))
}

// Quality returns what was measured of UE u before detection. Nothing was where the
// UE is absent, whatever the noise looks like.
func (c *Channel) Quality(u int) Quality {
	if c.Absent[u] {
		return Quality{Absent: true}
	}
	o := &c.Offsets
	q := Quality{SNR: c.SNR[u], SNRStd: c.SNRStd[u], DelayObserved: o.DelayObserved[u], CFOObserved: o.CFOObserved[u]}
	if q.DelayObserved {
		q.DelaySeconds, q.DelayStd = o.DelaySeconds[u], o.DelayStd[u]
	}
	if q.CFOObserved {
		q.CFOHz, q.CFOStd = o.CFOHz[u], o.CFOStd[u]
	}
	return q
}

// SetSINR notes the SINR after detection. It is made of the power of the channel and
// of the noise as they were measured on the pilots, so its relative error is that of
// the SNR.
func (q *Quality) SetSINR(sinr float32) {
	q.SINR, q.SINRStd, q.SINRObserved = sinr, 0, q.SNR > 0
	if q.SINRObserved {
		q.SINRStd = sinr / q.SNR * q.SNRStd
	}
}
