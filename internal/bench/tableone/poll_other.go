// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import (
	"context"
	"errors"
	"net"

	"github.com/neuroran/neuroran/sfaas/peer"
)

var errNoPolling = errors.New("tableone: processes poll on Linux only")

func dialPolled(context.Context, string, string) (net.Conn, error) { return nil, errNoPolling }

func listenPolled(*peer.Node, string) error { return errNoPolling }
