// SPDX-License-Identifier: Apache-2.0

package nr

import "fmt"

// CodeRate is a target code rate in units of 1/2048, so that every entry of the
// MCS tables is exact.
type CodeRate uint16

// Float returns the rate as a number between 0 and 1.
func (r CodeRate) Float() float64 { return float64(r) / 2048 }

// MCSTable names an MCS index table of TS 38.214 §5.1.3.1.
type MCSTable uint8

// MCS index tables. MCSTableLowSE is legal and not supported.
const (
	MCSTable64QAM  MCSTable = 1 // table 5.1.3.1-1
	MCSTable256QAM MCSTable = 2 // table 5.1.3.1-2
	MCSTableLowSE  MCSTable = 3 // table 5.1.3.1-3
)

// MCS is one row of an MCS index table.
type MCS struct {
	Modulation Modulation // modulation scheme
	Rate       CodeRate   // target code rate R
}

// Row returns row index of the table. It returns an [*UnsupportedError] for
// [MCSTableLowSE] and for a reserved index, up to 31, and a [*FieldError] for an
// unknown table or a larger index.
func (t MCSTable) Row(index int) (MCS, error) {
	var rows []MCS
	switch t {
	case MCSTable64QAM:
		rows = mcs64QAM[:]
	case MCSTable256QAM:
		rows = mcs256QAM[:]
	case MCSTableLowSE:
		return MCS{}, &UnsupportedError{"mcs_table", int(t)}
	default:
		return MCS{}, &FieldError{"mcs_table", int(t), "1 or 2 (TS 38.214 §5.1.3.1)"}
	}
	if index >= len(rows) && index <= 31 {
		return MCS{}, &UnsupportedError{"mcs_index", index}
	}
	if index < 0 || index >= len(rows) {
		return MCS{}, &FieldError{"mcs_index", index, fmt.Sprintf("0…%d (TS 38.214 table 5.1.3.1-%d)", len(rows)-1, t)}
	}
	return rows[index], nil
}

// TS 38.214 table 5.1.3.1-1.
var mcs64QAM = [29]MCS{
	{QPSK, 240}, {QPSK, 314}, {QPSK, 386}, {QPSK, 502}, {QPSK, 616},
	{QPSK, 758}, {QPSK, 898}, {QPSK, 1052}, {QPSK, 1204}, {QPSK, 1358},
	{QAM16, 680}, {QAM16, 756}, {QAM16, 868}, {QAM16, 980}, {QAM16, 1106}, {QAM16, 1232}, {QAM16, 1316},
	{QAM64, 876}, {QAM64, 932}, {QAM64, 1034}, {QAM64, 1134}, {QAM64, 1232}, {QAM64, 1332},
	{QAM64, 1438}, {QAM64, 1544}, {QAM64, 1644}, {QAM64, 1746}, {QAM64, 1820}, {QAM64, 1896},
}

// TS 38.214 table 5.1.3.1-2.
var mcs256QAM = [28]MCS{
	{QPSK, 240}, {QPSK, 386}, {QPSK, 616}, {QPSK, 898}, {QPSK, 1204},
	{QAM16, 756}, {QAM16, 868}, {QAM16, 980}, {QAM16, 1106}, {QAM16, 1232}, {QAM16, 1316},
	{QAM64, 932}, {QAM64, 1034}, {QAM64, 1134}, {QAM64, 1232}, {QAM64, 1332},
	{QAM64, 1438}, {QAM64, 1544}, {QAM64, 1644}, {QAM64, 1746},
	{QAM256, 1365}, {QAM256, 1422}, {QAM256, 1508}, {QAM256, 1594},
	{QAM256, 1682}, {QAM256, 1770}, {QAM256, 1833}, {QAM256, 1896},
}
