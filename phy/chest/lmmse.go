// SPDX-License-Identifier: Apache-2.0

package chest

import "github.com/neuroran/neuroran/phy/nr"

// lmmseState is the scratch of the LMMSE estimator.
type lmmseState struct{}

func (s *lmmseState) init(Limits) {}

func (e *Estimator) estimateLMMSE(dst *nr.Channel, rx int) { e.estimateLS(dst, rx) }
