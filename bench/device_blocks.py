"""What blocks that stay on a GPU cost the host, and how long the GPU waits for it, without a GPU.

    python bench/device_blocks.py [--gpu-us 760] [--json FILE]

It runs the cuda engine on the double of CuPy of the tests, with kernels that compute nothing and
take the time of a GPU: a block of 1 GiB takes an H200 0.76 ms (28.7 G states/s). First the CPU time
of a block is measured, with the double's own part; then the time from block to block, which is that
of the GPU if the GPU does not wait. The shortest of several runs counts.
"""

import sys
import time
from pathlib import Path
from typing import Any

import machine
import numpy as np

from gpuprop import Propagator, time_grid, walker
from gpuprop.literals import Frame

TESTS = Path(__file__).resolve().parent.parent / "tests" / "support"
BLOCKS, INSTANTS, RUNS = 150, 730, 5  # 1 GiB of 30,000 satellites has 730 instants


def double(gpu_s: float) -> Any:
    """Return the double of CuPy with a GPU that takes gpu_s for the kernels of a block."""
    sys.path.append(str(TESTS))
    import fake_cupy
    import fake_gpu

    of_event: Any = fake_gpu.Event
    record, synchronize = of_event.record, of_event.synchronize

    class Timed(fake_cupy.FakeCupy):
        ends = 0.0  # when the GPU has done its work

        def _kernel(self, run: Any, name: str) -> Any:
            if name == "initialise_satellites":
                return super()._kernel(run, name)  # type: ignore[no-untyped-call]

            def launch(grid: Any, block: Any, args: Any) -> None:
                self.ends = max(self.ends, time.perf_counter()) + gpu_s

            return launch

    cupy = Timed(gpus=("one",), eager=(0, 1, "default"))  # type: ignore[no-untyped-call]

    def timed_record(event: Any, stream: Any = None) -> None:
        record(event, stream)
        event.ends = cupy.ends

    def timed_synchronize(event: Any) -> None:
        synchronize(event)
        if (left := event.ends - time.perf_counter()) > 0.0:
            time.sleep(left)

    of_event.record, of_event.synchronize = timed_record, timed_synchronize
    return cupy


def blocks(frame: Frame, sunlit: bool) -> tuple[float, float]:
    """Return microseconds of a block, the shortest of all runs: of the CPU, and of a clock."""
    elements = walker("53:8/4/1", altitude_km=550.0, epoch="2026-01-01T00:00:00Z")
    propagator = Propagator(elements, "cuda:0")
    times = time_grid(elements.epoch[0], step="1s", duration=f"{BLOCKS * INSTANTS}s")
    found = []
    for _ in range(RUNS + 1):  # the first one warms up
        began, cpu = time.perf_counter(), time.process_time()
        for _ in propagator.snapshots(times, frame, instants=INSTANTS, sunlit=sunlit, device=True):
            pass
        found.append((time.process_time() - cpu, time.perf_counter() - began))
    cpu, clock = (1e6 * min(each) / BLOCKS for each in zip(*found[1:], strict=True))
    return cpu, clock


def of_the_double(cupy: Any) -> float:
    """Return the microseconds of CPU that the double itself takes for a block."""
    stream = cupy.cuda.Stream(non_blocking=True)
    began = time.process_time()
    for _ in range(BLOCKS):
        held = [cupy.empty((INSTANTS, 8), np.float64) for _ in range(7)]
        with stream:
            cupy.asarray(np.zeros(INSTANTS, np.int64))
            stream.wait_event(cupy.cuda.get_current_stream().record())
            stream.record().synchronize()
        del held
    return 1e6 * (time.process_time() - began) / BLOCKS


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--gpu-us", type=float, default=760.0, help="time of a block on the GPU")
    options = parser.parse_args()
    sys.modules["cupy"] = cupy = double(1e-6 * options.gpu_us)
    rows = []
    views: tuple[tuple[Frame, bool], ...] = (("teme", False), ("itrs", False), ("itrs", True))
    for frame, sunlit in views:
        cpu, clock = blocks(frame, sunlit)
        name = f"{frame}{', sunlit' if sunlit else ''}"
        rows.append(dict(view=name, cpu_us=cpu, from_block_to_block_us=clock))
        print(
            f"{name:14} {cpu:6.0f} us of CPU a block, {clock:6.0f} us from block to block: the GPU "
            f"works {options.gpu_us / clock:.0%} of the time"
        )
    own = of_the_double(cupy)
    print(f"the double itself takes {own:.0f} us of CPU a block")
    machine.report(dict(gpu_us=options.gpu_us, double_us=own, rows=rows), options.json)


if __name__ == "__main__":
    main()
