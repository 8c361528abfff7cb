// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestRun(t *testing.T) {
	for _, receiver := range []string{"ls", "lmmse", "neural"} {
		for _, name := range caseNames() {
			if ok, err := run([]string{"-receiver", receiver, "-case", name, "-slots", "60"}); err != nil || !ok {
				t.Errorf("%s, %s: %v, %v", receiver, name, ok, err)
			}
		}
	}
	if ok, err := run([]string{"-case", "paired", "-slots", "720"}); err != nil || !ok {
		t.Errorf("paired: %v, %v", ok, err)
	}
	for _, args := range [][]string{{"-case", "x"}, {"-receiver", "x"}, {"-workers", "0"}} {
		if _, err := run(args); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
