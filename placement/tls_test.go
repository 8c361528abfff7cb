// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"math/big"
	"net/url"
	"strings"
	"sync"
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

// A certificate that nobody would take is an error of Join, which names it: what others say to
// it would be the end of a connection, and nothing else.
func TestCertificateOfOneself(t *testing.T) {
	good := certificates(t)(11)
	shows := func(f func() (*tls.Certificate, error)) *peer.TLS {
		return &peer.TLS{Certificate: f, Roots: good.Roots}
	}
	expired := shows(func() (*tls.Certificate, error) {
		c, err := good.Certificate()
		if err != nil {
			return nil, err
		}
		leaf, err := x509.ParseCertificate(c.Certificate[0])
		leaf.NotAfter = time.Now().Add(-time.Minute)
		return &tls.Certificate{Certificate: c.Certificate, PrivateKey: c.PrivateKey, Leaf: leaf}, err
	})
	for what, change := range map[string]func(c *Config){
		"placement.Config.TLS: no Certificate": func(c *Config) { c.TLS = &peer.TLS{} },
		"placement.Config.TLS: nil":            func(c *Config) { c.Listen = "0.0.0.0:0" },
		"certificate: it is empty":             func(c *Config) { c.TLS = shows(func() (*tls.Certificate, error) { return nil, nil }) },
		"certificate: no key":                  func(c *Config) { c.TLS = shows(func() (*tls.Certificate, error) { return nil, errors.New("no key") }) },
		"one of node 12, as Config.Node says":  func(c *Config) { c.TLS, c.Node = good, 12 },
		"want one that holds now":              func(c *Config) { c.TLS = expired },
	} {
		cfg := Config{Listen: "127.0.0.1:0", Logger: quietLog}
		change(&cfg)
		n, err := Join(t.Context(), cfg)
		if err == nil {
			n.Leave(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("got %v, want one that says %q", err, what)
		}
	}
}

// Who is refused by a certificate hears of it, as the one that refuses does; and who is alone
// since no seed answers, too.
func TestRefusalsAreLogged(t *testing.T) {
	var mu sync.Mutex
	var text strings.Builder
	log := slog.New(slog.NewTextHandler(writerFunc(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return text.Write(b)
	}), nil))
	z := &zone{t: t}
	z.join(func(c *Config) { c.Node, c.TLS, c.Logger = 0, certificates(t)(11), log })
	z.join(func(c *Config) { c.Node, c.TLS, c.Logger = 0, certificates(t)(12), log })
	eventually(t, "both log it", func() bool {
		mu.Lock()
		defer mu.Unlock()
		s := text.String()
		return strings.Contains(s, "no seed has answered") && strings.Contains(s, "signed by unknown authority") && strings.Contains(s, "tls: bad certificate")
	})
}

type writerFunc func(b []byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
