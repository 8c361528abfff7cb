// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package ort

import (
	"strconv"

	"github.com/neuroran/neuroran/accel/backend"
)

// info finds out about one device.
func (t target) info(c backend.Config) backend.Info {
	l, err := probe(t, c)
	i := backend.Info{Device: t.device, Available: err == nil, Reason: err, Version: l.Version, Library: l.Path}
	if i.Available && t.flavor() == "gpu" {
		if names, err := cudaDevices(); err == nil {
			if n, _ := strconv.Atoi(t.index); n < len(names) {
				i.Detail = names[n]
			}
		}
	}
	return i
}

// cards returns the number of CUDA cards.
func cards() int {
	names, err := cudaDevices()
	if err != nil {
		return 0
	}
	return len(names)
}
