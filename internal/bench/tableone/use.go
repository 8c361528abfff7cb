// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// use is what a process has used since it began.
type use struct {
	CPU    time.Duration // user and system
	Busy   time.Duration // of its handlers
	PSS    int64         // bytes now
	Remote uint64        // payload bytes that have come from other processes
}

func (u use) String() string {
	b, err := json.Marshal(u)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func useOf(rt *sfaas.Runtime) use {
	u := use{CPU: processorTime()}
	for _, f := range rt.Stats() {
		u.Busy += f.Busy
		u.Remote += f.Remote
	}
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		return u
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "Pss:" {
			kb, _ := strconv.ParseInt(f[1], 10, 64) // 0 is shown as such
			u.PSS = kb << 10
		}
	}
	return u
}

// processorTime returns what this process has used, in the kernel too.
func processorTime() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
