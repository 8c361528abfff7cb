# SPDX-License-Identifier: Apache-2.0
"""Recordings of random shapes: python shapes.py FOLDER COUNT SEED

A shape is a carrier, one grant or two that share PRBs, a channel and its offsets;
all follow from the seed and the number of the shape. Where one DM-RS occasion
cannot show a carrier offset there is none, since Sionna is told the offset. What
Sionna cannot make (repetition, no room for data) is drawn again."""
import argparse
import os
import random

from grids import antennas, allocation
from radio import Channel
from record import CARRIER, DMRS, GRANT, Recording
from scenarios import guess

PROFILES = ("AWGN", "TDLA30-10", "TDLA30-10", "TDLB100-400", "TDLC300-100")
SHARE = 0.8    # of the transmissions that Sionna shall decode
HIGHEST = 40.0  # dB; a shape that needs more, as code rates near 1 do in fading, is drawn again


def occasions(grant, recording):
    """The DM-RS positions of a transmission."""
    t = next(t for t, *_ in recording.sent if t.grant["n_rnti"] == grant["n_rnti"])
    return len(t.config.l_bar)


def carrier(rng):
    scs = rng.choice((15, 30, 30, 60, 120))
    return CARRIER | {
        "n_cell_id": rng.randrange(1008), "subcarrier_spacing_khz": scs, "n_size_grid": rng.randint(4, 32),
        "n_start_grid": rng.choice((0, rng.randrange(2200))), "fft_size": 512,
        "carrier_frequency_hz": rng.choice((2.14e9, 3.54972e9)), "phase_compensation": rng.random() < 0.3}


def grants(rng, c):
    """The grants of a slot: one, or two UEs on neighbouring DM-RS ports."""
    mapping, symbols, positions = allocation(rng)
    d = DMRS | positions | {"config_type": rng.choice((1, 2)), "n_scid": rng.randrange(2),
                            "n_id": [rng.randrange(65536), rng.randrange(65536)]}
    table = rng.choice((1, 2))
    size = rng.choice((1, 2, 4, c["n_size_grid"])) if rng.random() < 0.5 else rng.randint(1, c["n_size_grid"])
    size = min(size, c["n_size_grid"])
    one = GRANT | antennas(rng, d) | {
        "n_rnti": 1001, "n_id": rng.randrange(1024), "mapping_type": mapping, "symbol_allocation": symbols,
        "prb_start": rng.randint(0, c["n_size_grid"] - size), "prb_size": size, "mcs_table": table,
        "mcs_index": rng.randrange(1, 28 if table == 1 else 26), "dmrs": d}
    if rng.random() < 0.7 or len(d["dmrs_port_set"]) > 2:
        return [one]
    per = 2 * (d["config_type"] + 1)
    free = [p for p in range(per * d["length"]) if p not in d["dmrs_port_set"]
            and p % per // 2 < d["num_cdm_groups_without_data"]]
    if not free:
        return [one]
    two = one | {"n_rnti": 1002, "num_layers": 1, "num_antenna_ports": 1, "precoding": "non-codebook", "tpmi": 0,
                 "dmrs": d | {"dmrs_port_set": [rng.choice(free)]}}
    return [one, two]


def shape(seed, number):
    """The recording of one shape, and its SNR."""
    rng = random.Random(f"{seed}/{number}")
    while True:
        c = carrier(rng)
        users = grants(rng, c)
        streams = sum(g["num_layers"] for g in users)
        rx = min(8, streams + rng.randint(0 if streams == 1 else 1, 3))
        profile, first = rng.choice(PROFILES), rng.randrange(64)
        slots = sorted(rng.sample(range(first, first + 12), 6))
        prefix = 144 * c["fft_size"] // 2048
        delays = [rng.uniform(-0.1, 0.4) * prefix for _ in users]
        offsets = [rng.uniform(-200, 200) for _ in users]
        channels, datatype = seed * 1000 + number, rng.choice(("ci16_le", "cf32_le"))

        def record(hertz):
            return Recording(f"shape-{seed}-{number:02d}", describe(users, c, profile, rx), c, users[0],
                             [(s, users) for s in slots], {
                                 g["n_rnti"]: Channel(profile, g["num_antenna_ports"], rx, delay, f, channels + i)
                                 for i, (g, delay, f) in enumerate(zip(users, delays, hertz))},
                             datatype=datatype, start=64, seed=channels)
        try:
            r = record([0.0] * len(users))
            if all(occasions(g, r) > 1 for g in users):
                r = record(offsets)
        except (ValueError, ZeroDivisionError, IndexError, AssertionError) as e:
            print("drawn again:", str(e)[:80])
            continue
        snr = r.search(guess(r), SHARE)
        if snr <= HIGHEST:
            return r, snr
        print("drawn again: Sionna needs more than", HIGHEST, "dB")


def describe(users, c, profile, rx):
    g, d = users[0], users[0]["dmrs"]
    return (f"{len(users)} UE, {g['num_layers']} layers of {g['num_antenna_ports']} ports, {g['prb_size']} PRB at "
            f"{c['subcarrier_spacing_khz']} kHz, mapping {g['mapping_type']} {g['symbol_allocation']}, DM-RS type "
            f"{d['config_type']} length {d['length']} additional {d['additional_position']}, MCS {g['mcs_index']} of "
            f"table {g['mcs_table']}, {rx} antennas, {profile}")


def main(folder, count, seed):
    os.makedirs(folder, exist_ok=True)
    for number in range(count):
        if os.path.exists(os.path.join(folder, f"shape-{seed}-{number:02d}.tb.json")):
            continue
        recording, snr = shape(seed, number)
        recording.write(folder, snr)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder")
    arguments.add_argument("count", type=int)
    arguments.add_argument("seed", type=int)
    given = arguments.parse_args()
    main(given.folder, given.count, given.seed)
