// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package live

import (
	"errors"
	"runtime"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// applyThread refuses all but the lock, which Go does by itself.
func applyThread(i int, t *base.Threads) (refused []error) {
	no := func(call, want string) {
		refused = append(refused, &base.ThreadError{Thread: i, Call: call, Want: want, Err: errors.ErrUnsupported})
	}
	if len(t.CPUs) > 0 {
		no("sched_setaffinity", "a processor on "+runtime.GOOS)
	}
	if t.RealTime() {
		no("sched_setattr", t.Policy.String()+" on "+runtime.GOOS)
	}
	return refused
}

func demote(int) {}

func threadID() int { return 0 }

func mainThread() bool { return false }

// threadTime returns 0: there is no such clock.
func threadTime() time.Duration { return 0 }

func processors() int { return runtime.NumCPU() }
