// SPDX-License-Identifier: Apache-2.0

package nr

import "fmt"

// CodeRate is a target code rate in units of 1/2048, so that every entry of the
// MCS tables is exact.
//
// TS 38.214 tables 5.1.3.1-1 to -3 have it times 1024.
type CodeRate uint16

// Float returns the rate as a number between 0 and 1.
func (r CodeRate) Float() float64 { return float64(r) / 2048 }

// MCSTable names an MCS index table of TS 38.214 §5.1.3.1.
type MCSTable uint8

// MCS index tables.
const (
	MCSTable64QAM  MCSTable = 1 // table 5.1.3.1-1
	MCSTable256QAM MCSTable = 2 // table 5.1.3.1-2
	MCSTableLowSE  MCSTable = 3 // table 5.1.3.1-3, low spectral efficiency
)

// MCS is one row of an MCS index table.
//
// TS 38.214 §6.1.4.1, tables 5.1.3.1-1 to -3.
type MCS struct {
	Modulation Modulation // modulation scheme
	Rate       CodeRate   // target code rate R; 0 in a reserved row
}

// Reserved reports whether the row names a modulation scheme alone: a
// retransmission with it has the transport block size of its initial
// transmission (TS 38.214 §6.1.4.2).
func (m MCS) Reserved() bool { return m.Rate == 0 }

// MaxMCSIndex is the last row of every MCS index table.
const MaxMCSIndex = 31

// Row returns row index of the table, which may be a reserved one. It returns a
// [*FieldError] for an unknown table or an index beyond [MaxMCSIndex]. It does
// not allocate when it succeeds.
//
// TS 38.214 tables 5.1.3.1-1 to -3.
func (t MCSTable) Row(index int) (MCS, error) {
	var rows []MCS
	switch t {
	case MCSTable64QAM:
		rows = mcs64QAM[:]
	case MCSTable256QAM:
		rows = mcs256QAM[:]
	case MCSTableLowSE:
		rows = mcsLowSE[:]
	default:
		return MCS{}, &FieldError{"mcs_table", int(t), "1, 2 or 3 (TS 38.214 §5.1.3.1)"}
	}
	if index < 0 || index > MaxMCSIndex {
		return MCS{}, &FieldError{"mcs_index", index, fmt.Sprintf("0…%d (TS 38.214 table 5.1.3.1-%d)", MaxMCSIndex, t)}
	}
	return rows[index], nil
}

// TS 38.214 table 5.1.3.1-1.
var mcs64QAM = [MaxMCSIndex + 1]MCS{
	{QPSK, 240}, {QPSK, 314}, {QPSK, 386}, {QPSK, 502}, {QPSK, 616},
	{QPSK, 758}, {QPSK, 898}, {QPSK, 1052}, {QPSK, 1204}, {QPSK, 1358},
	{QAM16, 680}, {QAM16, 756}, {QAM16, 868}, {QAM16, 980}, {QAM16, 1106}, {QAM16, 1232}, {QAM16, 1316},
	{QAM64, 876}, {QAM64, 932}, {QAM64, 1034}, {QAM64, 1134}, {QAM64, 1232}, {QAM64, 1332},
	{QAM64, 1438}, {QAM64, 1544}, {QAM64, 1644}, {QAM64, 1746}, {QAM64, 1820}, {QAM64, 1896},
	{QPSK, 0}, {QAM16, 0}, {QAM64, 0},
}

// TS 38.214 table 5.1.3.1-2.
var mcs256QAM = [MaxMCSIndex + 1]MCS{
	{QPSK, 240}, {QPSK, 386}, {QPSK, 616}, {QPSK, 898}, {QPSK, 1204},
	{QAM16, 756}, {QAM16, 868}, {QAM16, 980}, {QAM16, 1106}, {QAM16, 1232}, {QAM16, 1316},
	{QAM64, 932}, {QAM64, 1034}, {QAM64, 1134}, {QAM64, 1232}, {QAM64, 1332},
	{QAM64, 1438}, {QAM64, 1544}, {QAM64, 1644}, {QAM64, 1746},
	{QAM256, 1365}, {QAM256, 1422}, {QAM256, 1508}, {QAM256, 1594},
	{QAM256, 1682}, {QAM256, 1770}, {QAM256, 1833}, {QAM256, 1896},
	{QPSK, 0}, {QAM16, 0}, {QAM64, 0}, {QAM256, 0},
}

// TS 38.214 table 5.1.3.1-3.
var mcsLowSE = [MaxMCSIndex + 1]MCS{
	{QPSK, 60}, {QPSK, 80}, {QPSK, 100}, {QPSK, 128}, {QPSK, 156},
	{QPSK, 198}, {QPSK, 240}, {QPSK, 314}, {QPSK, 386}, {QPSK, 502},
	{QPSK, 616}, {QPSK, 758}, {QPSK, 898}, {QPSK, 1052}, {QPSK, 1204},
	{QAM16, 680}, {QAM16, 756}, {QAM16, 868}, {QAM16, 980}, {QAM16, 1106}, {QAM16, 1232},
	{QAM64, 876}, {QAM64, 932}, {QAM64, 1034}, {QAM64, 1134}, {QAM64, 1232},
	{QAM64, 1332}, {QAM64, 1438}, {QAM64, 1544},
	{QPSK, 0}, {QAM16, 0}, {QAM64, 0},
}
