# SPDX-License-Identifier: Apache-2.0
"""Makes recordings: python make.py FOLDER [--draw N] [NAME…]; without names all
of them that the folder lacks. Draw 1 is the usual one."""
import argparse
import os

from scenarios import SCENARIOS, make


def main(folder, draw, names):
    os.makedirs(folder, exist_ok=True)
    for name in names or SCENARIOS:
        file = name if draw == 1 else f"{name}-{draw}"
        if not names and os.path.exists(os.path.join(folder, file + ".tb.json")):
            continue
        recording, snr = make(name, draw)
        recording.write(folder, snr)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder")
    arguments.add_argument("--draw", type=int, default=1)
    arguments.add_argument("names", nargs="*", metavar="NAME")
    given = arguments.parse_intermixed_args()
    main(given.folder, given.draw, given.names)
