// SPDX-License-Identifier: Apache-2.0

package plan

import "reflect"

// Port is a way into a function beside its data inputs.
type Port struct {
	Name  string                     // what it is and what it takes
	Kind  PortKind                   // how it treats what arrives
	Type  reflect.Type               // payload
	Make  func() any                 // payload, for ports that others send to
	Run   func(invocation any) error // calls the handler, as Function.Run does
	Fn    *Function                  // whose port it is
	Topic *TopicDecl                 // of a PortTopic
	Ref   *Reference                 // of a PortReply, whose calls it hears of; of a PortMessage, by which others send to it
}

// PortKind says how a port treats what arrives.
type PortKind uint8

// The kinds of ports; edges to data inputs are of kind PortData.
const (
	PortData    PortKind = iota // an input
	PortGrant                   // control that holds for one slot
	PortSetting                 // control that holds until replaced
	PortReply                   // result of a call
	PortTopic                   // messages of a topic
	PortMessage                 // messages of a further type
)

// Control reports whether the port takes control messages.
func (k PortKind) Control() bool { return k == PortGrant || k == PortSetting }

// Index returns the place of p among its function's ports, or -1.
func (p *Port) Index() int {
	for i, x := range p.Fn.Ports {
		if x == p {
			return i
		}
	}
	return -1
}
