// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// Config says who a node is and what it lends.
type Config struct {
	// Listen is where other nodes reach this one: "host:port", port 0 for any, or
	// "unix:/folder/name" for nodes of one machine. Deployments listen on ports of their own
	// on the same host, or on sockets in the same folder.
	Listen string
	// Advertise is what others are told to dial; "" stands for where the node listens, on the
	// first address of the machine if Listen names none. Its host is one of this machine, as
	// deployments listen there, on ports of their own.
	Advertise string
	// Seeds are addresses of nodes of the zone, some of which should be there. They are
	// dialled again and again, so those that come later are found too, and an address of this
	// node itself does no harm. None begins a zone.
	Seeds []string
	// Token is a secret that the nodes of a zone share. A node that does not know it is not
	// let in. It goes over the network as a keyed hash alone.
	Token []byte
	// Node is the number of this node in its zone, from 1 to 4095; 0 stands for that of its
	// certificate, and without one for a number made from its address. Two nodes with one
	// number cannot both be members: with more than some dozens of nodes, give numbers.
	Node sfaas.NodeID

	// Resources is what the node lends, as [resource.Discover] finds it, or less.
	Resources resource.Inventory
	// Cores is how many processors slots of units are admitted for: those of the threads on
	// which deployments run; 0 stands for all that Resources has.
	Cores int

	// Tenants are who shares the nodes, equal at all nodes of a zone. Where they want more than
	// there is, each gets of it by its weight: the resource counts of which a tenant uses the
	// largest share of all nodes together. Their limits are of all their units, on all nodes
	// together. Deployments name one of them in [Spec].Tenant; one that names none is of a
	// tenant of weight 1. Nobody shares anything if this is empty.
	Tenants []meter.Tenant

	// Registry has the models, and other files, that this node has and gives to members who ask
	// by hash; what comes from them is added: see [Node.Model]. Nil is an empty one.
	Registry *accel.Registry
	// TrustedKeys are Ed25519 keys: where any is given, nothing comes from a registry that none of
	// them has signed. See [accel.Entry.Sign].
	TrustedKeys []ed25519.PublicKey

	// KeepPlaces lets units stay where they are, whatever they take there and wherever less
	// energy would be taken, unless their node goes or a program moves them: for measurements.
	KeepPlaces bool

	// TLS secures all connections: both ends show a certificate that names their node.
	TLS *peer.TLS
	// Plain lets TCP go without TLS, for networks that nobody else is in. Addresses of the
	// loopback and Unix sockets need neither.
	Plain bool

	// Membership finds members and says which are gone, beside what connections tell; nil is
	// the seeds and what members know of each other.
	Membership Membership
	// Round is how often agents tell each other what is new; 0 stands for 20 ms.
	Round time.Duration
	// Logger hears of what goes otherwise than it should; nil means the default one.
	Logger *slog.Logger
}

// Validate returns a [*sfaas.OptionError] for the first field that cannot be.
func (c *Config) Validate() error {
	bad := func(field, got, want string) error {
		return &sfaas.OptionError{Option: "placement.Config." + field, Got: got, Want: want}
	}
	network, address := splitNetwork(c.Listen)
	if network == "tcp" {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return bad("Listen", fmt.Sprintf("%q", c.Listen), "host:port or unix:/folder/name")
		}
	} else if !filepath.IsAbs(address) {
		return bad("Listen", fmt.Sprintf("%q", c.Listen), "an absolute path after unix:")
	}
	for i, s := range c.Seeds {
		if network, address := splitNetwork(s); network == "tcp" {
			if _, _, err := net.SplitHostPort(address); err != nil {
				return bad(fmt.Sprintf("Seeds[%d]", i), fmt.Sprintf("%q", s), "host:port or unix:/folder/name")
			}
		}
	}
	if err := c.validateAdvertise(); err != nil {
		return err
	}
	switch {
	case c.Node > agent.MaxNode:
		return bad("Node", fmt.Sprint(c.Node), fmt.Sprintf("1 to %d, or 0", agent.MaxNode))
	case c.TLS != nil && (c.TLS.Certificate == nil || c.TLS.Roots == nil):
		return bad("TLS", "no Certificate, or no Roots", "both, as of peer.Files")
	case c.TLS == nil && network == "tcp" && !c.plain():
		return bad("TLS", "nil, and Listen "+c.Listen, "certificates; or Plain, on a network that nobody else is in")
	case c.Cores < 0:
		return bad("Cores", fmt.Sprint(c.Cores), "0 or more")
	case c.Round < 0 || c.Round > time.Second:
		return bad("Round", c.Round.String(), "0 to 1s")
	}
	for i, t := range c.Tenants {
		if badName(t.Name) {
			return bad(fmt.Sprintf("Tenants[%d].Name", i), strconv.Quote(t.Name), wantName())
		}
	}
	if len(c.Tenants) > 0 {
		if _, err := meter.NewSharing(meter.SharingConfig{Tenants: c.Tenants}); err != nil {
			return fmt.Errorf("placement: tenants: %w", err)
		}
	}
	for i, k := range c.TrustedKeys {
		if len(k) != ed25519.PublicKeySize {
			return bad(fmt.Sprintf("TrustedKeys[%d]", i), fmt.Sprintf("%d bytes", len(k)), fmt.Sprint(ed25519.PublicKeySize))
		}
	}
	if err := c.Resources.Validate(); err != nil {
		return fmt.Errorf("placement: resources: %w", err)
	}
	return nil
}

// validateAdvertise checks what others are told to dial: it goes to them in a card.
func (c *Config) validateAdvertise() error {
	network, address := splitNetwork(c.Advertise)
	_, _, err := net.SplitHostPort(address)
	listens, _ := splitNetwork(c.Listen)
	if c.Advertise != "" && (network != listens || (network == "tcp" && err != nil) || len(c.Advertise) > maxAddress/2) {
		return &sfaas.OptionError{
			Option: "placement.Config.Advertise", Got: fmt.Sprintf("%q", c.Advertise),
			Want: fmt.Sprintf("an address of the kind of Listen, of at most %d bytes, or none", maxAddress/2),
		}
	}
	return nil
}

// splitNetwork takes an address apart: "unix:/path" or "host:port".
func splitNetwork(s string) (network, address string) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		return "unix", path
	}
	return "tcp", s
}

// number returns the number of the node: as configured, that of its certificate, or one
// made from the address at which it is known.
func (c *Config) number(advertised string) (sfaas.NodeID, error) {
	switch {
	case c.TLS != nil:
		return c.certified(time.Now())
	case c.Node != 0:
		return c.Node, nil
	}
	return 1 + sfaas.NodeID(xxhash.Sum64String(advertised)%uint64(agent.MaxNode)), nil
}

// plain reports whether connections go without TLS: where it is said, and on the loopback,
// which nobody else is on.
func (c *Config) plain() bool {
	network, address := splitNetwork(c.Listen)
	if c.Plain || c.TLS != nil || network == "unix" {
		return c.Plain
	}
	host, _, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// advertised returns what others are told to dial, for a node that listens at an address.
func (c *Config) advertised(at net.Addr) string {
	if c.Advertise != "" {
		return c.Advertise
	}
	if at.Network() == "unix" {
		return "unix:" + at.String()
	}
	tcp, ok := at.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return at.String()
	}
	host := "127.0.0.1"
	if all, err := net.InterfaceAddrs(); err == nil {
		for _, a := range all {
			if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() && n.IP.To4() != nil {
				host = n.IP.String()
				break
			}
		}
	}
	return net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}
