// SPDX-License-Identifier: Apache-2.0

//go:build cgo && windows

package ort

import "errors"

// errNoList says that the devices cannot be listed on this system.
var errNoList = errors.New("not listed on Windows")

// inspect takes the library as it is: the wrapper will load it.
func inspect(path string) (Library, error) { return Library{Path: path}, nil }

func tryLoad(string, bool) error { return nil }

func cudaDevices() ([]string, error) { return nil, errNoList }

func openvinoDevices(string) ([]string, error) { return nil, errNoList }

// keepSignals calls f.
func keepSignals(f func()) { f() }
