// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// authority signs certificates of nodes.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	last int64
}

func newAuthority(t testing.TB) *authority {
	a := &authority{t: t, last: 1}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

// write writes the certificate of a node, valid until a moment, and who has signed it.
func (a *authority) write(dir string, node sfaas.NodeID, until time.Time) *peer.TLS {
	t := a.t
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a.last++
	uri, _ := url.Parse(peer.NodeURI(node))
	leaf := &x509.Certificate{SerialNumber: big.NewInt(a.last), NotBefore: a.cert.NotBefore, NotAfter: until, URIs: []*url.URL{uri}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	files := [3]string{filepath.Join(dir, "node.pem"), filepath.Join(dir, "node.key"), filepath.Join(dir, "ca.pem")}
	for i, b := range []*pem.Block{{Type: "CERTIFICATE", Bytes: der}, {Type: "PRIVATE KEY", Bytes: private}, {Type: "CERTIFICATE", Bytes: a.cert.Raw}} {
		if err := os.WriteFile(files[i], pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
		now := time.Now().Add(time.Duration(a.last) * time.Second) // the file system may count in seconds
		if err := os.Chtimes(files[i], now, now); err != nil {
			t.Fatal(err)
		}
	}
	return peer.Files(files[0], files[1], files[2])
}

// TestTLS connects two nodes that show certificates, renews one of them while both run,
// and connects anew with that.
func TestTLS(t *testing.T) {
	leavesNothing(t)
	ca, later := newAuthority(t), time.Now().Add(time.Hour)
	dirs := [2]string{t.TempDir(), t.TempDir()}
	x := newRelay(t)
	a, b := x.start(t, 1), x.start(t, 2)
	var serial atomic.Value // of the certificate of node 2 as node 1 sees it
	tlsA, tlsB := ca.write(dirs[0], 1, later), ca.write(dirs[1], 2, later)
	tlsA.Identity = func(c *x509.Certificate) (sfaas.NodeID, error) {
		serial.Store(c.SerialNumber.Int64())
		return peer.NodeOf(c)
	}
	na, nb := newNode(t, a, peer.Config{TLS: tlsA}), newNode(t, b, peer.Config{TLS: tlsB, Backoff: time.Millisecond})
	at, err := na.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dial(t, nb, "tcp", at.String())
	for i := range uint64(100) {
		push(t, x.in, a, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), 1)
	}
	eventually(t, "all sums", func() bool { return x.total() == 100 })
	first := serial.Load().(int64)
	ca.write(dirs[1], 2, later)
	c := newNode(t, x.start(t, 2, sfaas.WithIncarnation(b.Incarnation()+1)), peer.Config{TLS: tlsB}) // a new life with the same files
	if err := nb.Close(); err != nil {
		t.Fatal(err)
	}
	dial(t, c, "tcp", at.String())
	if second := serial.Load().(int64); second == first {
		t.Errorf("certificate %d is still shown", second)
	}
}

// TestTLSRefuses dials with certificates that are not to be believed, and without.
func TestTLSRefuses(t *testing.T) {
	leavesNothing(t)
	ca, other, later := newAuthority(t), newAuthority(t), time.Now().Add(time.Hour)
	x := newRelay(t)
	na := newNode(t, x.start(t, 1), peer.Config{TLS: ca.write(t.TempDir(), 1, later)})
	at, err := na.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mixed := ca.write(t.TempDir(), 2, later)
	foreign := other.write(t.TempDir(), 2, later)
	mixed.Certificate = foreign.Certificate // believes the other, and is not believed
	for name, cfg := range map[string]peer.Config{
		"another authority": {TLS: foreign},
		"signed by another": {TLS: mixed},
		"of another node":   {TLS: ca.write(t.TempDir(), 3, later)},
		"run out":           {TLS: ca.write(t.TempDir(), 2, time.Now().Add(-time.Minute))},
		"none":              {Plain: true},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, x.start(t, 2), cfg)
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			if _, err := n.Dial(ctx, "tcp", at.String()); err == nil {
				t.Error("connected")
			}
			if na.Connected(2) {
				t.Error("the other end is connected")
			}
		})
	}
	nobody := ca.write(t.TempDir(), 2, later)
	nobody.Roots = func() (*x509.CertPool, error) { return nil, nil } // crypto/x509 takes that for the roots of the machine
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := newNode(t, x.start(t, 2), peer.Config{TLS: nobody}).Dial(ctx, "tcp", at.String()); err == nil || !strings.Contains(err.Error(), "names nobody") {
		t.Errorf("roots that name nobody: %v", err)
	}
	n := newNode(t, x.start(t, 2), peer.Config{})
	var option *sfaas.OptionError
	if _, err := n.Listen("tcp", "127.0.0.1:0"); !errors.As(err, &option) || !strings.Contains(err.Error(), "TLS") {
		t.Errorf("TCP without TLS: %v", err)
	}
}

// TestOldTLSIsRefused dials with TLS 1.2.
func TestOldTLSIsRefused(t *testing.T) {
	ca := newAuthority(t)
	files := ca.write(t.TempDir(), 1, time.Now().Add(time.Hour))
	n := newNode(t, newRelay(t).start(t, 1), peer.Config{TLS: files})
	at, err := n.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err := c.Handshake(); err == nil {
		t.Error("TLS 1.2 is taken")
	}
}

// TestRenewedInPlace puts another certificate in the place of one, with its time: it is
// the one that is shown.
func TestRenewedInPlace(t *testing.T) {
	ca, dir, later := newAuthority(t), t.TempDir(), time.Now().Add(time.Hour)
	files := ca.write(dir, 1, later)
	first, err := files.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	ca.write(other, 1, later)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		info, err := e.Info()
		if err == nil {
			err = os.Chtimes(filepath.Join(other, name), info.ModTime(), info.ModTime())
		}
		if err == nil {
			err = os.Rename(filepath.Join(other, name), filepath.Join(dir, name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	second, err := files.Certificate()
	if err != nil || second.Leaf.SerialNumber.Cmp(first.Leaf.SerialNumber) == 0 {
		t.Errorf("certificate %v is still shown, %v", first.Leaf.SerialNumber, err)
	}
}
