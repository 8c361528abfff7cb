// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// A certificate that others would refuse makes a node that is alone: neither end has an error
// then, but a connection that ends in its handshake. So a node looks at its own one first.

// certified returns which node the certificate of this node names.
func (c *Config) certified(now time.Time) (sfaas.NodeID, error) {
	leaf, err := c.leaf()
	if err != nil {
		return 0, fmt.Errorf("placement: certificate: %w", err)
	}
	bad := func(got, want string) (sfaas.NodeID, error) {
		return 0, &sfaas.OptionError{Option: "placement.Config.TLS.Certificate", Got: got, Want: want}
	}
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return bad(fmt.Sprintf("one for %v to %v", leaf.NotBefore.UTC(), leaf.NotAfter.UTC()), fmt.Sprintf("one that holds now, %v", now.UTC()))
	}
	identity := c.TLS.Identity
	if identity == nil {
		identity = peer.NodeOf
	}
	id, err := identity(leaf)
	switch {
	case err != nil:
		return 0, fmt.Errorf("placement: certificate: %w", err)
	case id == 0 || id > agent.MaxNode:
		return bad(fmt.Sprintf("one of node %d", id), fmt.Sprintf("1 to %d", agent.MaxNode))
	case c.Node != 0 && c.Node != id:
		return bad(fmt.Sprintf("one of node %d", id), fmt.Sprintf("one of node %d, as Config.Node says", c.Node))
	}
	return id, nil
}

// leaf returns the certificate that this node shows.
func (c *Config) leaf() (*x509.Certificate, error) {
	shown, err := c.TLS.Certificate()
	switch {
	case err != nil:
		return nil, err
	case shown == nil || (shown.Leaf == nil && len(shown.Certificate) == 0):
		return nil, errors.New("it is empty")
	case shown.Leaf != nil:
		return shown.Leaf, nil
	}
	return x509.ParseCertificate(shown.Certificate[0])
}
