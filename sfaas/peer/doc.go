// SPDX-License-Identifier: Apache-2.0

// Package peer connects runtimes of several processes over TCP and Unix sockets. It is
// the [sfaas.Transport] that needs nothing else than the standard library.
//
// A [Node] is a runtime's place in the network. It listens, or dials, or both; once two
// nodes are connected, their runtimes exchange messages and units as runtimes do that
// [sfaas.Link] links:
//
//	rt, err := sfaas.NewRuntime(app, sfaas.WithNode(2), sfaas.WithDefaultOwner(1))
//	node, err := peer.New(rt, peer.Config{TLS: peer.Files("node2.pem", "node2.key", "ca.pem")})
//	id, err := node.Dial(ctx, "tcp", "cell-site-1:7000")
//	report, err := rt.MoveUnit(ctx, unit, id, sfaas.MoveConfig{})
//
// # Who is who
//
// Over TCP both ends show a certificate, TLS 1.3, unless Config.Plain says otherwise. A
// certificate names its node by a URI such as "neuroran:node:7", see [NodeURI]; a node
// that says another number than its certificate is refused. Host names do not matter.
// Certificates are asked for with each connection, so that they can be renewed while a
// node runs. Over a Unix socket a node is whom it says it is: the permissions of the
// socket say who may be that.
//
// # What a lost connection means
//
// A connection may be lost and made again: as long as both runtimes live, nothing is
// lost with it, repeated or overtaken; what was on its way is sent again. Sources go on,
// until too much waits: then they get [sfaas.ErrBusy]. The loss is an [Event] as soon as
// the kernel knows of it. If the other runtime does not come back within Config.Forget,
// closes, or comes back in another life, it is forgotten: what was on its way is lost,
// moves to it end, and messages on edges that promise delivery are kept for the owner of
// their unit, as [sfaas.Runtime.Disconnect] says.
//
// Nodes may dial each other, or one another by several addresses: there is one connection.
// A number is of one runtime at a time: while it is connected, an earlier life, or another
// runtime that says that it is the same, has to wait.
//
// # Who does the work
//
// A message that comes is handled on the goroutine that has read it, where the worker of
// its unit sleeps and handlers are short (see [sfaas.Runtime.Lend]), and what is sent is
// written by who sends it, as far as the kernel takes it at once. So a hop wakes one
// goroutine for each end, as a bare socket does. An acknowledgement leaves together with
// what its handler has sent, or with the next frame, or half a millisecond later.
//
// A slow node delays nobody but those who send to it: frames wait in memory, within the
// capacity of their edge, and at most 64 MiB for one node; beyond that, sources get
// [sfaas.ErrBusy], and messages of AtMostOnce edges are dropped and counted.
package peer
