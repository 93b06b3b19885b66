"""Time astroz on a whole catalogue, deep space included, through its public SatrecArray.

    python bench/peer_astroz.py CATALOGUE [--times 1000] [--threads 1] [--runs 5]

Prints a JSON line like that of bench_peers.py, which calls an inner function of astroz that does
not support deep space. Calls of several lengths are timed, and the fastest counts.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

import numpy as np

# instants a call: long calls allocate more memory, short ones have more overhead
CALLS = (4, 16, 64, 256)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    os.environ["ASTROZ_THREADS"] = str(options.threads)  # read when astroz is loaded
    from astroz.api import Satrec, SatrecArray
    from sgp4 import api as reference

    lines = [
        line.rstrip()
        for line in options.catalogue.read_text().splitlines()
        if line[:2] in ("1 ", "2 ")
    ]
    pairs = list(zip(lines[::2], lines[1::2], strict=True))
    truth = [reference.Satrec.twoline2rv(*pair) for pair in pairs]
    jd = np.full(options.times, np.floor(max(satrec.jdsatepoch for satrec in truth)) + 0.5)
    fraction = np.arange(options.times) / 1440
    array = SatrecArray([Satrec.twoline2rv(*pair) for pair in pairs])

    def seconds(instants: int) -> float:
        began = time.perf_counter()
        for first in range(0, options.times, instants):
            array.sgp4(jd[first : first + instants], fraction[first : first + instants])
        return time.perf_counter() - began

    best = min(
        statistics.median(seconds(instants) for _ in range(options.runs)) for instants in CALLS
    )
    some = jd[::50].copy(), fraction[::50].copy()
    code, position, _ = reference.SatrecArray(truth).sgp4(*some)
    _, found, _ = array.sgp4(*some)
    # weeks from the epoch, drag terms of thousands of kilometres cancel, and rounding errors remain
    fresh = np.array([abs(jd[0] - satrec.jdsatepoch) < 7 for satrec in truth])
    error = np.nanmax(np.linalg.norm(found - position, axis=2)[(code == 0) & fresh[:, None]]) * 1e3
    figures = dict(
        seconds=best,
        states_per_second=round(len(pairs) * options.times / best),
        max_error_m=float(error),
    )
    print(
        json.dumps(
            dict(peer="astroz", satellites=len(pairs), times=options.times, threads=options.threads)
            | figures
        )
    )


if __name__ == "__main__":
    main()
