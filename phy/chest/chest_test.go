// SPDX-License-Identifier: Apache-2.0

package chest_test

import (
	"errors"
	"testing"

	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/chest/chesttest"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

func TestLS(t *testing.T) {
	chesttest.Run(t, func(ref *dmrs.Reference) chest.Estimator { return chest.NewLS(ref) },
		chesttest.Options{NoiseShare: 0.35, Apart: 1e-5})
}

func TestLMMSE(t *testing.T) {
	chesttest.Run(t, func(ref *dmrs.Reference) chest.Estimator { return chest.NewLMMSE(ref) },
		chesttest.Options{NoiseShare: 0.1, Apart: 0.02})
}

func TestUnknownName(t *testing.T) {
	ref, _ := dmrs.NewReference(nr.DefaultGroupLimits())
	var field *nr.FieldError
	if _, err := chest.New("mmse", ref); !errors.As(err, &field) {
		t.Errorf("got %v, want a *nr.FieldError", err)
	}
}
