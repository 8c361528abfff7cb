// SPDX-License-Identifier: Apache-2.0

package nr

import "fmt"

// Modulation is a modulation scheme of TS 38.211 §5.1. Its value is the
// modulation order Q_m, except for π/2-BPSK, which is 1.
type Modulation uint8

// Modulation schemes of TS 38.211 §5.1.
const (
	Pi2BPSK Modulation = 1
	QPSK    Modulation = 2
	QAM16   Modulation = 4
	QAM64   Modulation = 6
	QAM256  Modulation = 8
)

// BitsPerSymbol returns Q_m.
func (m Modulation) BitsPerSymbol() int { return int(m) }

// Valid reports whether m is one of the schemes.
func (m Modulation) Valid() bool {
	return m == Pi2BPSK || m == QPSK || m == QAM16 || m == QAM64 || m == QAM256
}

// String returns the name as in the standard.
func (m Modulation) String() string {
	switch m {
	case Pi2BPSK:
		return "π/2-BPSK"
	case QPSK:
		return "QPSK"
	case QAM16:
		return "16QAM"
	case QAM64:
		return "64QAM"
	case QAM256:
		return "256QAM"
	}
	return fmt.Sprintf("Modulation(%d)", uint8(m))
}
