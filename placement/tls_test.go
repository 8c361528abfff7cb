// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/url"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// certificates returns who a node is, signed by one authority for all of a test.
func certificates(t *testing.T) func(node sfaas.NodeID) *peer.TLS {
	t.Helper()
	sign := func(c, by *x509.Certificate, of *ecdsa.PublicKey, key *ecdsa.PrivateKey) []byte {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, c, by, of, key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	generate := func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "zone"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	key := generate()
	parsed, err := x509.ParseCertificate(sign(root, root, &key.PublicKey, key))
	if err != nil {
		t.Fatal(err)
	}
	return func(node sfaas.NodeID) *peer.TLS {
		own := generate()
		uri, _ := url.Parse(peer.NodeURI(node))
		der := sign(&x509.Certificate{SerialNumber: big.NewInt(int64(node) + 1), URIs: []*url.URL{uri}}, parsed, &own.PublicKey, key)
		roots := x509.NewCertPool()
		roots.AddCert(parsed)
		return &peer.TLS{
			Certificate: func() (*tls.Certificate, error) {
				return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: own}, nil
			},
			Roots: func() (*x509.CertPool, error) { return roots, nil },
		}
	}
}

// With certificates a node has the number of its own; units are placed and served as without;
// and who is signed by somebody else is no member, though it knows the token.
func TestCertificates(t *testing.T) {
	of := certificates(t)
	z := &zone{t: t}
	for id := range sfaas.NodeID(2) {
		n := z.join(func(c *Config) { c.Node, c.TLS = 0, of(id+11) })
		if n.ID() != id+11 {
			t.Errorf("the node is %d, want the number of its certificate, %d", n.ID(), id+11)
		}
	}
	for _, n := range z.nodes {
		z.await(n, 2)
	}
	sums := newSums(t)
	deps := z.deploy(sums.app, Spec{Unit: sfaas.KindCell, SLA: SLA{Standbys: 1}})
	if err := deps[0].Unit(sfaas.NewKey(sfaas.KindCell, 1)).Ensure(z.context()); err != nil {
		t.Error(err)
	}
	stranger := z.join(func(c *Config) { c.Node, c.TLS = 0, certificates(t)(13) })
	if got := stranger.Members(); len(got) != 1 {
		t.Errorf("a stranger has members: %v", got)
	}
	for _, n := range z.nodes[:2] {
		if got := n.Members(); len(got) != 2 {
			t.Errorf("node %d has members: %v", n.ID(), got)
		}
	}
}
