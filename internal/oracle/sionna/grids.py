# SPDX-License-Identifier: Apache-2.0
"""Writes PUSCH grids of random configurations for the test of this folder:

    python grids.py FOLDER COUNT SEED

Each is N.json (carrier, grant, slot, size of the grid), N.tb (transport block,
packed) and N.c64 (complex64, [port][14][subcarrier])."""
import json
import os
import random
import sys

import numpy as np

from chain import Transmission
from record import CARRIER, DMRS, GRANT


def allocation(rng):
    """A mapping type, DM-RS length, positions and symbols that 38.211 allows."""
    mapping, length = rng.choice("AB"), rng.choice((1, 1, 2))
    type_a = rng.choice((2, 3))
    additional = rng.randrange(4 if length == 1 else 2)
    if mapping == "A" and type_a == 3:
        additional = min(additional, 2)
    shortest = 4 if mapping == "A" else (5 if length == 2 else 1)
    if mapping == "A" and length == 2 and type_a == 3:
        shortest = 5
    n = rng.randint(shortest, 14)
    start = 0 if mapping == "A" else rng.randint(0, 14 - n)
    return mapping, [start, n], {"length": length, "additional_position": additional, "type_a_position": type_a}


def antennas(rng, d):
    """Layers, ports and DM-RS ports inside the CDM groups without data."""
    groups = rng.randint(1, d["config_type"] + 1)
    per = 2 * (d["config_type"] + 1)
    allowed = [p for p in range(per * d["length"]) if p % per // 2 < groups]
    most = min(4, len(allowed))
    if rng.random() < 0.4:
        n = rng.randint(1, most)
        out = {"num_layers": n, "num_antenna_ports": n, "precoding": "non-codebook", "tpmi": 0}
    else:
        ports = rng.choice((2, 4))
        n = rng.randint(1, min(most, ports))
        count = {2: (6, 3), 4: (28, 22, 7, 5)}[ports][n - 1]
        out = {"num_layers": n, "num_antenna_ports": ports, "precoding": "codebook", "tpmi": rng.randrange(count)}
    d["num_cdm_groups_without_data"] = groups
    d["dmrs_port_set"] = sorted(rng.sample(allowed, n)) if rng.random() < 0.7 else rng.sample(allowed, n)
    return out


def configuration(rng):
    scs = rng.choice((15, 30, 60, 120))
    size = rng.randint(1, 30)
    first = rng.randrange(size)
    carrier = CARRIER | {
        "n_cell_id": rng.randrange(1008), "subcarrier_spacing_khz": scs, "n_size_grid": size,
        "n_start_grid": rng.choice((0, rng.randrange(2200))), "fft_size": 512}
    mapping, symbols, positions = allocation(rng)
    d = DMRS | positions | {"config_type": rng.choice((1, 2)), "n_scid": rng.randrange(2),
                            "n_id": [rng.randrange(65536), rng.randrange(65536)]}
    table = rng.choice((1, 2))
    grant = GRANT | antennas(rng, d) | {
        "n_rnti": rng.randrange(65536), "n_id": rng.randrange(1024), "mapping_type": mapping,
        "symbol_allocation": symbols, "prb_start": first, "prb_size": rng.randint(1, size - first),
        "mcs_table": table, "mcs_index": rng.randrange(29 if table == 1 else 28), "dmrs": d, "rv": rng.choice((0, 0, 1, 2, 3))}
    return carrier, grant, rng.randrange(20480 * scs // 15)


def main(folder, count, seed):
    rng, made = random.Random(seed), 0
    while made < count:
        carrier, grant, slot = configuration(rng)
        try:
            t = Transmission(carrier, grant, slot)
        except (ValueError, ZeroDivisionError, IndexError) as e:
            # Beyond Sionna: repetition, or no room for data.
            print("left out:", e)
            continue
        bits = np.random.default_rng(rng.randrange(2**32)).integers(0, 2, t.block.size)
        grid = t.grid(bits)
        base = os.path.join(folder, str(made))
        with open(base + ".json", "w") as f:
            json.dump({"carrier": carrier, "grant": grant, "slot": slot, "tb_bits": t.block.size}, f)
        np.packbits(bits.astype(np.uint8)).tofile(base + ".tb")
        grid.astype("<c8").tofile(base + ".c64")
        made += 1


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
