// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"bufio"
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/neuroran/neuroran/phy/nr"
)

// combining holds by how many dB the curve of a modulation and code rate moves with each
// further transmission of a block, in the redundancy versions 0, 2, 3 and 1, at equal SINR.
type combining map[nr.MCS][4]float32

// Measured by internal/bench/linktable, whose first line says how.
//
//go:embed combining.csv
var combiningFile string

const combiningColumns = "qm,rate2048,gain2_db,gain3_db,gain4_db,std_db"

// measuredCombining returns the table of this library's decoder.
var measuredCombining = sync.OnceValue(func() combining {
	c, err := readCombining(combiningFile)
	if err != nil {
		panic(err) // the file is a part of the package, and a test reads it
	}
	return c
})

// readCombining reads a file of gains.
func readCombining(text string) (combining, error) {
	c, head := combining{}, false
	for in := bufio.NewScanner(strings.NewReader(text)); in.Scan(); {
		line := in.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		if !head {
			if head = line == combiningColumns; !head {
				return nil, fmt.Errorf("gnb: combining: header %q, want %q", line, combiningColumns)
			}
			continue
		}
		var qm, rate int
		var gain [4]float32
		var std float32
		if _, err := fmt.Sscanf(line, "%d,%d,%f,%f,%f,%f", &qm, &rate, &gain[1], &gain[2], &gain[3], &std); err != nil {
			return nil, fmt.Errorf("gnb: combining: %q: %w", line, err)
		}
		c[nr.MCS{Modulation: nr.Modulation(qm), Rate: nr.CodeRate(rate)}] = gain
	}
	return c, nil
}

// gain returns by how many dB a block's curve lies lower after n transmissions. Beyond
// four they repeat what has been sent, and add their energy.
func (c combining) gain(m nr.MCS, n int) float32 {
	g := c[m]
	if n <= len(g) {
		return g[max(n, 1)-1]
	}
	return g[len(g)-1] + decibel(float32(n)/float32(len(g)))
}
