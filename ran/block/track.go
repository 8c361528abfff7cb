// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/track"
	"github.com/neuroran/neuroran/sfaas"
)

// Tracker is the function that says what to expect of the UEs of a PRB group, with
// its port for what earlier slots have seen.
type Tracker struct {
	Fn     sfaas.Fn[Pilots, Pilots]  // the function
	Sights sfaas.Controller[Sighted] // under [GroupKey]; from [NewSight]
}

// NewTrack returns the function that follows delay, carrier offset, Doppler
// frequency and power delay profile of UEs over slots: it passes pilots on with
// what earlier slots say of each UE of the group. A receiver without it knows
// nothing of earlier slots.
//
// Its state is what the last slots have seen of each UE of the groups under its
// key, that is one UE where no other shares its PRBs. It is Volatile: the next
// slots fill it again. The prior of slot n depends on the slots n−Lag−Window+1 to
// n−Lag of those groups and on nothing else, see phy/track, so a move in mode Fed
// loses nothing.
//
//	pilots ──▶ track ──▶ synchronize ──▶ estimate ─┬─▶
//	             ▲                                 │
//	             └───────────── sight ◀────────────┘
//
// The loop is closed by a setting. All of it runs under one key and so in the
// order of slots, whatever the number of workers.
//
// The configuration of the tracker must be valid.
func NewTrack(cfg Config, tracking track.Config) Tracker {
	ues := sfaas.NewMap[uint16, track.UE]("ues", sfaas.Volatile, sfaas.TTL(forgetAfter))
	f := sfaas.Define(StageTrack.String(), func(c *sfaas.Ctx, out, in *Pilots) error {
		out.Mark(c, StageTrack, &in.Trace)
		out.Group, out.Priors = in.Group, [nr.MaxUEs]nr.Prior{}
		out.RE.CopyFrom(&in.RE)
		for u := range in.Group.NumUEs {
			ues.View(c, in.Group.UEs[u].RNTI).Prior(&out.Priors[u], tracking, &in.Group)
		}
		return nil
	}, sfaas.FunctionConfig{Params: trackParams{cfg.params(""), tracking}, History: tracking.Lag + tracking.Window}, ues)
	port := sfaas.OnSetting(f, func(c *sfaas.Ctx, in *Sighted) error {
		for u := range in.NumUEs {
			ues.Mut(c, in.RNTI[u]).Add(&in.Sights[u])
		}
		return nil
	})
	return Tracker{f, port}
}

// trackParams is what the digest of the tracker covers.
type trackParams struct {
	Function params
	Tracking track.Config
}

// Sighted is what one slot has seen of the UEs of a PRB group that transmitted.
type Sighted struct {
	NumUEs int                    // UEs that were there
	RNTI   [nr.MaxUEs]uint16      // of each
	Sights [nr.MaxUEs]track.Sight // of each
}

// NewSight returns the function that takes out of a channel estimate what a tracker
// remembers of it. UEs that are absent have shown nothing.
func NewSight(cfg Config) sfaas.Fn[Channel, Sighted] {
	return sfaas.Define("phy/sight", func(_ *sfaas.Ctx, out *Sighted, in *Channel) error {
		out.NumUEs = 0
		for u := range in.Group.NumUEs {
			if !in.Absent[u] {
				out.RNTI[out.NumUEs] = in.Group.UEs[u].RNTI
				out.Sights[out.NumUEs] = track.SightOf(&in.Channel, u)
				out.NumUEs++
			}
		}
		return nil
	}, sfaas.FunctionConfig{Params: cfg.params("")})
}
