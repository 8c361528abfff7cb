// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"testing"
)

func TestRun(t *testing.T) {
	if err := run(context.Background(), []string{"-prb", "4", "-snr", "20:1:20", "-slots", "4", "-profile", "awgn"}); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-snr", "1"}, {"-snr", "1:0:2"}, {"-profile", "x"}, {"-mcs", "40"}} {
		if err := run(context.Background(), args); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
