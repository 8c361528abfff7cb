# SPDX-License-Identifier: Apache-2.0
"""Answers of Sionna's link adaptation and scheduler, for the tests of package mac.

    python mac.py FILE [STEPS SLOTS GROUPS UES [SEED]]

writes JSON:

  olla: for several targets and steps, random feedback (1 ACK, 0 NACK, -1 missing) and the
        offset in dB of sionna.sys.OuterLoopLinkAdaptation after each
  pf:   random achievable rates [slot, group, UE] and the UE that
        sionna.sys.PFSchedulerSUMIMO gives each group; the rate of the last slot is what
        it gave the UE then
"""
import json
import sys

import numpy as np
import torch
from sionna.sys import OuterLoopLinkAdaptation, PFSchedulerSUMIMO, PHYAbstraction


def olla(rng, steps):
    abstraction = PHYAbstraction()
    runs = []
    for target, up, ack, limit in [(0.1, 1.0, 0.9, 20), (0.1, 0.5, 0.7, 3), (0.01, 1.0, 0.97, 20), (0.3, 0.2, 0.72, 20)]:
        loop = OuterLoopLinkAdaptation(abstraction, num_ut=1, bler_target=target, delta_up=up,
                                       offset_min=-limit, offset_max=limit, precision="double")
        feedback, offsets = [], []
        for _ in range(steps):
            f = -1 if rng.random() < 0.1 else int(rng.random() < ack)
            loop(torch.tensor([100]), torch.tensor([f]), torch.tensor([10.0], dtype=torch.float64))
            feedback.append(f)
            offsets.append(float(loop.offset[0]))
        runs.append(dict(target=target, up_db=up, max_db=limit, feedback=feedback, offset_db=offsets))
    return runs


def pf(rng, slots, groups, ues, beta=0.98):
    scheduler = PFSchedulerSUMIMO(ues, groups, 1, beta=beta, precision="double")
    mean = 10 ** rng.uniform(2, 4, ues)
    last = np.zeros(ues)
    rates, owners = [], []
    for _ in range(slots):
        rate = np.round(mean * rng.exponential(1, (groups, ues))) + 1
        given = scheduler(torch.tensor(last), torch.tensor(rate[None]))[0, :, :, 0].numpy()
        last = (rate * given).sum(0)
        rates.append(rate.astype(int).tolist())
        owners.append(given.argmax(1).tolist())
    return dict(beta=beta, rates=rates, owner=owners)


def main():
    sizes = [int(x) for x in sys.argv[2:6]] or [200, 60, 6, 4]
    rng = np.random.default_rng(int(sys.argv[6]) if len(sys.argv) > 6 else 1)
    steps, slots, groups, ues = sizes
    answers = dict(made_by="sionna-no-rt 2.2.0: python mac.py FILE " + " ".join(map(str, sizes)),
                   olla=olla(rng, steps), pf=pf(rng, slots, groups, ues))
    with open(sys.argv[1], "w") as f:
        json.dump(answers, f, separators=(",", ":"))
        f.write("\n")


main()
