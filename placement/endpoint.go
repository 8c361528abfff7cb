// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"crypto/sha256"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"

	"github.com/neuroran/neuroran/sfaas"
)

// endpoint is where a deployment is reached at one node. Nodes tell each other as text:
//
//	tcp=10.0.0.7:4711 beats=10.0.0.7:4712 notes=10.0.0.7:4713
type endpoint struct {
	network, address string         // of its connections
	beats            netip.AddrPort // for its standbys' and owners' signs of life; invalid for none
	notes            netip.AddrPort // for what owners say per slot; invalid for none
}

// String returns the text.
func (e endpoint) String() string {
	s := e.network + "=" + e.address
	if e.beats.IsValid() {
		s += " beats=" + e.beats.String()
	}
	if e.notes.IsValid() {
		s += " notes=" + e.notes.String()
	}
	return s
}

// parseEndpoint reads the text. It comes from another node: whatever it is, the result is an
// endpoint or an error.
func parseEndpoint(text string) (e endpoint, err error) {
	for _, field := range strings.Fields(text) {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "tcp", "tcp4", "tcp6", "unix":
			e.network, e.address = name, value
		case "beats":
			e.beats, err = netip.ParseAddrPort(value)
		case "notes":
			e.notes, err = netip.ParseAddrPort(value)
		}
		if err != nil {
			return endpoint{}, fmt.Errorf("placement: address %q: %w", text, err)
		}
	}
	if e.network == "" || e.address == "" {
		return endpoint{}, &sfaas.OptionError{Option: "address of a deployment", Got: text, Want: "tcp=HOST:PORT or unix=PATH"}
	}
	return e, nil
}

// socket returns where connections of a deployment are accepted.
func (s *site) socket(name string) string {
	if s.network == "unix" {
		sum := sha256.Sum256([]byte(name))
		return filepath.Join(s.host, fmt.Sprintf("%x-%d", sum[:4], s.incarnation))
	}
	return net.JoinHostPort(s.host, "0")
}

// ip returns on which address beats are heard: that of the connections, and the
// loopback beside Unix sockets.
func (s *site) ip() netip.Addr {
	if a, err := netip.ParseAddr(s.host); err == nil {
		return a
	}
	if s.network != "unix" {
		if all, err := net.LookupIP(s.host); err == nil && len(all) > 0 {
			if a, ok := netip.AddrFromSlice(all[0]); ok {
				return a.Unmap()
			}
		}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// noteKey returns the key of the notes of a deployment.
func (s *site) noteKey(name string) []byte { return s.key("note", name) }

// beatKey returns the key of the beats of a deployment.
func (s *site) beatKey(name string) []byte { return s.key("beat", name) }

// key derives a key from the token of the zone.
func (s *site) key(of, name string) []byte {
	sum := sha256.Sum256([]byte("neuroran " + of + "\x00" + name + "\x00" + string(s.token)))
	return sum[:]
}
