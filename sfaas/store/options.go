// SPDX-License-Identifier: Apache-2.0

package store

import (
	"strconv"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/neuroran/neuroran/sfaas"
)

// Options are the knobs of a store. The zero value, and a nil pointer, are usable.
type Options struct {
	// CacheBytes ≥ 0 bounds the memory for blocks that were read; 0 means 8 MiB. A
	// runtime reads when it recovers and when a unit is handed over, and hardly else.
	CacheBytes int64
	// SyncInterval ≥ 0 is the least time from one group to the next. 0 makes a group of
	// what was offered while the former one was synced: the shortest wait. The length
	// of a slot makes one group per slot, and spares the disk.
	SyncInterval time.Duration
	// Report, if not nil, hears of what happens to the store beside the answers to
	// records: damage that is found while tables are rewritten, a disk that fails, is
	// full, or works again (nil). It is called from any goroutine, and must not call
	// the store.
	Report func(error)

	fs         vfs.FS        // of tests; nil: that of the operating system
	memTable   uint64        // of tests: bytes in memory before a table is written
	proofEvery time.Duration // of tests: how often the proof is synced
}

const (
	defaultMemTable   = 16 << 20
	defaultProofEvery = 50 * time.Millisecond
)

// validate names the first option that has no meaning.
func (o *Options) validate() error {
	switch {
	case o.CacheBytes < 0:
		return &sfaas.OptionError{Option: "CacheBytes", Got: strconv.FormatInt(o.CacheBytes, 10), Want: "0 or more"}
	case o.SyncInterval < 0:
		return &sfaas.OptionError{Option: "SyncInterval", Got: o.SyncInterval.String(), Want: "0 or more"}
	}
	return nil
}

// withDefaults returns a copy in which nothing is zero.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = 8 << 20
	}
	if c.Report == nil {
		c.Report = func(error) {}
	}
	if c.fs == nil {
		c.fs = vfs.Default
	}
	if c.memTable == 0 {
		c.memTable = defaultMemTable
	}
	if c.proofEvery == 0 {
		c.proofEvery = defaultProofEvery
	}
	return c
}
