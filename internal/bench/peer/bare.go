// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// bareHop writes a length and as many bytes, and reads 16 bytes.
func bareHop(c *bareConn, size int) error {
	b := c.out[:4+size]
	binary.LittleEndian.PutUint32(b, uint32(size))
	if _, err := c.Write(b); err != nil {
		return err
	}
	_, err := io.ReadFull(c.in, c.answer[:])
	return err
}

type bareConn struct {
	net.Conn
	in     *bufio.Reader
	out    []byte
	answer [16]byte
}

func dialBare(way, dir, address string) (*bareConn, error) {
	conn, err := net.Dial(network(way), address)
	if err != nil {
		return nil, err
	}
	if secure(way) {
		conn = tls.Client(conn, bareTLS(dir, 1))
	}
	c := &bareConn{Conn: conn, in: bufio.NewReader(conn), out: make([]byte, 4+sizes[len(sizes)-1])}
	for i := range c.out {
		c.out[i] = byte(i) // memory that nobody has written is one page of zeros, however much it is
	}
	return c, nil
}

func serveBare(way, dir string) (net.Addr, error) {
	address := "127.0.0.1:0"
	if network(way) == "unix" {
		address = filepath.Join(dir, "bare")
	}
	l, err := net.Listen(network(way), address)
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if secure(way) {
				conn = tls.Server(conn, bareTLS(dir, 2))
			}
			go answerBare(conn)
		}
	}()
	return l.Addr(), nil
}

func answerBare(conn net.Conn) {
	defer conn.Close()
	in, body := bufio.NewReaderSize(conn, 64<<10), make([]byte, sizes[len(sizes)-1])
	var head [4]byte
	var answer [16]byte
	for {
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		if _, err := io.ReadFull(in, body[:binary.LittleEndian.Uint32(head[:])]); err != nil {
			return
		}
		if _, err := conn.Write(answer[:]); err != nil {
			return
		}
	}
}

func credentials(dir string, node sfaas.NodeID) *peer.TLS {
	name := fmt.Sprintf("node%d", node)
	return peer.Files(filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key"), filepath.Join(dir, "ca.pem"))
}

// bareTLS is the same TLS for the bare socket.
func bareTLS(dir string, node sfaas.NodeID) *tls.Config {
	t := credentials(dir, node)
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAnyClientCert, InsecureSkipVerify: true, // the handshake is not measured
		GetCertificate:       func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return t.Certificate() },
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return t.Certificate() },
	}
}

// writeCertificates writes an authority and the certificates of nodes 1 and 2.
func writeCertificates(dir string) error {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, "ca.pem"), "CERTIFICATE", der); err != nil {
		return err
	}
	for node := sfaas.NodeID(1); node <= 2; node++ {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		uri, err := url.Parse(peer.NodeURI(node))
		if err != nil {
			return err
		}
		leaf := &x509.Certificate{SerialNumber: big.NewInt(int64(node) + 1), NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, URIs: []*url.URL{uri}}
		if der, err = x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey); err != nil {
			return err
		}
		pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return err
		}
		name := filepath.Join(dir, fmt.Sprintf("node%d", node))
		if err := writePEM(name+".pem", "CERTIFICATE", der); err != nil {
			return err
		}
		if err := writePEM(name+".key", "PRIVATE KEY", pkcs8); err != nil {
			return err
		}
	}
	return nil
}

func writePEM(name, kind string, der []byte) error {
	return os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
