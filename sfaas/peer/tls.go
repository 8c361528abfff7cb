// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/neuroran/neuroran/sfaas"
)

// TLS says who a node is and whom it believes. Its functions are called with each
// connection, so that certificates change without a restart; they may be called
// concurrently.
type TLS struct {
	// Certificate returns what this node shows.
	Certificate func() (*tls.Certificate, error)
	// Roots returns who may sign the certificates of others.
	Roots func() (*x509.CertPool, error)
	// Identity returns which node a verified certificate is of; nil means [NodeOf].
	Identity func(*x509.Certificate) (sfaas.NodeID, error)
}

// uriPrefix is how a certificate names its node, in a URI among its alternative names.
const uriPrefix = "neuroran:node:"

// NodeURI returns the URI that names a node in its certificate, such as
// "neuroran:node:7".
func NodeURI(node sfaas.NodeID) string { return uriPrefix + strconv.Itoa(int(node)) }

// NodeOf returns which node a certificate is of: it has one [NodeURI].
func NodeOf(c *x509.Certificate) (node sfaas.NodeID, err error) {
	for _, u := range c.URIs {
		name, ok := strings.CutPrefix(u.String(), uriPrefix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(name, 10, 16)
		if err != nil || n == 0 || node != 0 {
			return 0, fmt.Errorf("peer: certificate of %v: URI %v", c.Subject, u)
		}
		node = sfaas.NodeID(n)
	}
	if node == 0 {
		return 0, fmt.Errorf("peer: certificate of %v names no node: it has no URI %s7", c.Subject, uriPrefix)
	}
	return node, nil
}

// Files returns a TLS that reads a certificate, its key and the certificates of who
// signs from PEM files, again whenever one of them has changed. If new files cannot be
// read, the last ones that could be hold, for as long as they are valid.
func Files(cert, key, roots string) *TLS {
	pair := &fileCache[tls.Certificate]{names: []string{cert, key}, read: func() (*tls.Certificate, error) {
		c, err := tls.LoadX509KeyPair(cert, key)
		return &c, err
	}}
	pool := &fileCache[x509.CertPool]{names: []string{roots}, read: func() (*x509.CertPool, error) {
		data, err := os.ReadFile(roots)
		if err != nil {
			return nil, err
		}
		p := x509.NewCertPool()
		if !p.AppendCertsFromPEM(data) {
			return nil, fmt.Errorf("peer: %s holds no certificate", roots)
		}
		return p, nil
	}}
	return &TLS{Certificate: pair.get, Roots: pool.get}
}

// fileCache is what was read from files the last time that they had changed.
type fileCache[T any] struct {
	names []string
	read  func() (*T, error)

	mu    sync.Mutex
	files []os.FileInfo // as they were then
	value *T
}

func (c *fileCache[T]) get() (*T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var files []os.FileInfo
	same := c.value != nil
	for i, name := range c.names {
		info, err := os.Stat(name)
		if err != nil {
			if c.value != nil {
				return c.value, nil
			}
			return nil, err
		}
		files = append(files, info)
		same = same && unchanged(c.files[i], info)
	}
	if same {
		return c.value, nil
	}
	v, err := c.read()
	if err != nil {
		if c.value != nil {
			return c.value, nil
		}
		return nil, err
	}
	c.value, c.files = v, files
	return v, nil
}

// unchanged reports whether a name stands for a file as it was. A file that takes the
// place of another one may have its time, and its size.
func unchanged(was, is os.FileInfo) bool {
	return os.SameFile(was, is) && was.ModTime().Equal(is.ModTime()) && was.Size() == is.Size()
}

var (
	errNoCertificate = errors.New("peer: the other end shows no certificate")
	errNoRoots       = errors.New("peer: TLS.Roots names nobody who may sign certificates")
)

// config returns what a handshake goes by. Both ends are verified in the same way: the
// chain up to the roots, and then, by who has called, the node; host names do not
// matter, since a node may be anywhere.
func (t *TLS) config() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		ClientAuth:             tls.RequireAnyClientCert,
		InsecureSkipVerify:     true, // VerifyConnection does it, for both ends
		SessionTicketsDisabled: true, // each connection shows the present certificate
		GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return t.Certificate() },
		GetClientCertificate:   func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return t.Certificate() },
		VerifyConnection:       t.verify,
	}
}

func (t *TLS) verify(s tls.ConnectionState) error {
	if len(s.PeerCertificates) == 0 {
		return errNoCertificate
	}
	roots, err := t.Roots()
	if err != nil {
		return err
	}
	if roots == nil { // which Verify would take for those of the machine
		return errNoRoots
	}
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err = s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err
}

// node returns which node the other end of a connection is.
func (t *TLS) node(s tls.ConnectionState) (sfaas.NodeID, error) {
	if len(s.PeerCertificates) == 0 {
		return 0, errNoCertificate
	}
	if t.Identity != nil {
		return t.Identity(s.PeerCertificates[0])
	}
	return NodeOf(s.PeerCertificates[0])
}
