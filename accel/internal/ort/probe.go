// SPDX-License-Identifier: Apache-2.0

package ort

import (
	"fmt"

	"github.com/neuroran/neuroran/accel/backend"
)

// Probe implements [backend.Provider]. It lists every card, or card 0 with what
// is missing, and the kinds of OpenVINO devices. It looks at the library that
// opening the device would load, and does not load it for good.
func (Provider) Probe(c backend.Config) []backend.Info {
	names := []string{"ort/cpu", "ort/cuda:0", "ort/tensorrt:0", "ort/openvino:CPU", "ort/openvino:GPU", "ort/openvino:NPU"}
	var infos []backend.Info
	for _, name := range names {
		t, err := parse(name)
		if err != nil {
			panic(err) // the list is ours
		}
		info := t.info(c)
		infos = append(infos, info)
		if t.flavor() != "gpu" || !info.Available {
			continue
		}
		for n := 1; n < cards(); n++ {
			t.index = fmt.Sprint(n)
			t.device = "ort/" + t.provider + ":" + t.index
			infos = append(infos, t.info(c))
		}
	}
	return infos
}
