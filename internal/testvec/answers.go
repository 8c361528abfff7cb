// SPDX-License-Identifier: Apache-2.0

package testvec

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Answer is the right outcome of one transmission of a shared recording, as who made
// the recording knows it.
type Answer struct {
	Slot      uint64 `json:"slot"`       // slot number
	RNTI      uint16 `json:"rnti"`       // of the UE
	HARQ      int    `json:"harq"`       // HARQ process
	Bits      int    `json:"tb_bits"`    // transport block size
	SHA256    string `json:"tb_sha256"`  // of the transport block, hexadecimal
	Decodable bool   `json:"decodable"`  // still decoded there with 1 dB more noise
	Sionna    bool   `json:"sionna_crc"` // decoded there
}

// Answers reads what stands in NAME.tb.json beside a recording NAME.sigmf-meta: one
// answer for each transmission, in the order of the annotations.
func Answers(recording string) ([]Answer, error) {
	name := strings.TrimSuffix(recording, ".sigmf-meta") + ".tb.json"
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var file struct{ Transmissions []Answer }
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return file.Transmissions, nil
}

// Right reports whether a hash is that of the transport block that was sent.
func (a *Answer) Right(sum [sha256.Size]byte) bool { return hex.EncodeToString(sum[:]) == a.SHA256 }
