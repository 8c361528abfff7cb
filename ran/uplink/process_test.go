// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"errors"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/sfaas"
)

// TestProcessStartsBuffersAnew leaves the first transmission of a block out: its
// retransmission must not be combined with the block before, and only the first one
// received starts the buffer; one with a reserved MCS cannot.
func TestProcessStartsBuffersAnew(t *testing.T) {
	refused := &nr.UnsupportedError{Field: "transform_precoding", Got: true}
	first, again, reserved := nr.Grant{NewData: true, MCSIndex: 4}, nr.Grant{MCSIndex: 4}, nr.Grant{MCSIndex: 29}
	first.MCSTable, again.MCSTable, reserved.MCSTable = nr.MCSTable64QAM, nr.MCSTable64QAM, nr.MCSTable64QAM
	for name, slots := range map[string][]struct {
		grant    nr.Grant
		reason   error
		left     bool // out
		startNew bool
	}{
		"first left out":       {{first, nil, false, true}, {first, refused, true, false}, {again, nil, false, true}, {again, nil, false, false}},
		"again left out":       {{first, nil, false, true}, {again, refused, true, false}, {again, nil, false, false}},
		"reserved":             {{first, nil, false, true}, {reserved, nil, false, false}},
		"reserved without":     {{reserved, nil, true, false}, {again, nil, false, false}, {reserved, nil, false, false}},
		"reserved after stale": {{first, nil, false, true}, {first, refused, true, false}, {reserved, nil, true, false}, {again, nil, false, true}},
	} {
		var p process
		for i, x := range slots {
			g, err := p.next(nr.Slot(i), x.grant, x.reason)
			if (err != nil) != x.left || !x.left && g.NewData != x.startNew || x.reason != nil && !errors.Is(err, x.reason) {
				t.Errorf("%s, slot %d: got %v, new data %v", name, i, err, g.NewData)
			}
		}
	}
}

// TestProcessesAreForgotten remembers no more processes than are in use.
func TestProcessesAreForgotten(t *testing.T) {
	ps := processes{}
	const gone = 1000
	for n := range nr.Slot(100_000) {
		ps.keep(processKey{sfaas.NewKey(sfaas.KindCell, 1), uint16(n), int(n >> 16)}, process{last: n}, gone)
		if len(ps) > manyProcesses {
			t.Fatalf("%d processes after %d slots", len(ps), n)
		}
	}
	if _, ok := ps[processKey{sfaas.NewKey(sfaas.KindCell, 1), uint16(99_999 & 0xffff), 1}]; !ok {
		t.Error("the last process is forgotten")
	}
}
