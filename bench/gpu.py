"""Compare the CUDA kernels with the two limits of the GPU: float64 arithmetic and memory bandwidth.

    python bench/gpu.py [--precision mixed] [--json FILE]

Needs an NVIDIA GPU; without one it says so and exits with 1. Both limits are measured in the same
run. Times are those of CUDA events, the median of several runs after a warm-up.

The arithmetic limit is the time of the float64 operations that the near-Earth kernel executes for a
state: bench/executed.py counts them on the CPU, which needs NVRTC's wheel and a C++ compiler.

--precision mixed times these kernels, after a comparison with the bits of the engine cpu; they do
not compute in float64 for the most part, so the limits are not theirs.
"""

import statistics
import sys
from typing import Any

import machine
import numpy as np
import workloads
from executed import executed

from gpuprop import Elements, Propagator, time_grid, walker
from gpuprop.engine.cuda import device as cuda_device
from gpuprop.engine.cuda import propagation as cuda_propagation
from gpuprop.engine.cuda.availability import CudaError, check, import_cupy
from gpuprop.engine.cuda.source import OPTIONS
from gpuprop.sgp4.model import COORDINATES, TEME

RUNS = 7
LARGEST = 4 << 30  # bytes of output in one launch; a longer job writes over it again
OPERATIONS = {
    "add": "x[j] + a",
    "mul": "x[j] * a",
    "fma": "__fma_rn(x[j], a, b)",
    "div": "b / x[j]",
    "sqrt": "__dsqrt_rn(x[j])",
}
SHAPES = [(block, chunk) for block in (32, 64, 128) for chunk in (4, 16, 32, 64, 128)]
# Eight independent chains a thread hide the latency of an instruction; the sum is stored so that
# the compiler cannot drop them.
RATE = """
extern "C" __global__ void rate(double* out, double a, double b, int times) {
    double x[8], sum = 0.0;
    for (int j = 0; j < 8; j++) x[j] = b + j + threadIdx.x;
    for (int i = 0; i < times; i++)
        for (int j = 0; j < 8; j++) x[j] = OPERATION;
    for (int j = 0; j < 8; j++) sum += x[j];
    out[(long long)blockIdx.x * blockDim.x + threadIdx.x] = sum;
}
"""


def seconds(cupy: Any, job: Any) -> float:
    """Median seconds of job() on the current stream."""
    job()
    found = []
    for _ in range(RUNS):
        began, ended = cupy.cuda.Event(), cupy.cuda.Event()
        began.record()
        job()
        ended.record()
        ended.synchronize()
        found.append(cupy.cuda.get_elapsed_time(began, ended) / 1e3)
    return float(statistics.median(found))


def rates(cupy: Any) -> dict[str, float]:
    """Operations per second of each kind, with all multiprocessors busy."""
    grid, block, times = 132 * 64, 256, 2000
    out = cupy.empty(grid * block, np.float64)
    found = {}
    for name, text in OPERATIONS.items():
        kernel = cupy.RawKernel(RATE.replace("OPERATION", text), "rate", OPTIONS)
        arguments = (out, np.float64(1.0 + 2.0**-40), np.float64(1.5), np.int32(times))
        found[name] = (
            grid
            * block
            * times
            * 8
            / seconds(
                cupy,
                lambda kernel=kernel, arguments=arguments: kernel((grid,), (block,), arguments),
            )
        )
    return found


def bandwidth(cupy: Any) -> float:
    """Bytes per second of a copy on the device, read and written."""
    here, there = (cupy.zeros(1 << 28, np.float64) for _ in range(2))
    return float(2 * here.nbytes / seconds(cupy, lambda: cupy.copyto(there, here)))


def occupancy(cupy: Any, kernel: Any, block: int) -> dict[str, int]:
    """Registers, bytes of local memory and resident threads of a multiprocessor."""
    blocks = cupy.cuda.driver.occupancyMaxActiveBlocksPerMultiprocessor(kernel.kernel.ptr, block, 0)
    return dict(
        registers=kernel.num_regs,
        local_bytes=kernel.local_size_bytes,
        resident_threads=blocks * block,
    )


def measure(
    cupy: Any, title: str, elements: Elements, n_times: int, precision: str
) -> dict[str, Any]:
    """States per second of the kernels alone, for each launch shape, and of blocks on the host."""
    options: dict[str, Any] = {} if precision == "exact" else dict(precision=precision)
    other = "numpy" if precision == "exact" else "cpu"
    propagator = Propagator(elements, "cuda", **options)
    times = time_grid(elements.epoch.max(), step="60s", duration=f"{n_times}min")
    twin, ours = (
        Propagator(elements[::50], name, **options).states(times[:: n_times // 4])
        for name in (other, "cuda")
    )
    for name in ("x", "vz", "status"):
        assert np.array_equal(getattr(twin, name), getattr(ours, name), equal_nan=True), (
            f"{name} differs from {other}'s"
        )

    propagation: Any = propagator._propagations[0]
    names = (*COORDINATES, "status")
    rows = min(n_times, LARGEST // (cuda_propagation.STATE_BYTES * len(elements)))
    engine = propagation._engine
    with engine.streams.computing:  # where the constants were uploaded
        block = engine.columns((rows, len(elements)), names)
        ns = cupy.asarray(times.ns)

    def kernels() -> None:
        for first in range(0, n_times, rows):
            part = ns[first : first + rows]
            propagation._launch(
                part, TEME, {name: column[: len(part)] for name, column in block.items()}
            )

    def rate() -> float:
        with engine.streams.computing:
            return states / seconds(cupy, kernels)

    states = len(elements) * n_times
    chosen = cuda_device.BLOCK, cuda_propagation.CHUNK
    shapes: list[dict[str, Any]] = []
    found: dict[str, Any] = dict(
        title=title,
        satellites=len(elements),
        instants=n_times,
        kernel_states_per_s=rate(),
        shapes=shapes,
    )
    for cuda_device.BLOCK, cuda_propagation.CHUNK in SHAPES if precision == "exact" else ():
        shape = dict(block=cuda_device.BLOCK, chunk=cuda_propagation.CHUNK, states_per_s=rate())
        kernel = engine.kernels["propagate_near_earth"]
        shapes.append(shape | occupancy(cupy, kernel, cuda_device.BLOCK))
    cuda_device.BLOCK, cuda_propagation.CHUNK = chosen
    part = times[: min(n_times, propagator.instants(64 << 20))]
    to_host = len(part) * len(elements) / seconds(cupy, lambda: propagation.block(part.ns, names))
    return found | dict(
        to_host_states_per_s=to_host, to_host_bytes_per_s=to_host * cuda_propagation.STATE_BYTES
    )


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--precision", choices=("exact", "mixed"), default="exact")
    options = parser.parse_args()
    try:
        gpu = check()
    except CudaError as error:
        sys.exit(f"nothing was measured: {error}")
    cupy = import_cupy()
    print(gpu)
    measured = rates(cupy)
    title, starlink, *_ = workloads.starlink()
    per_state = executed(starlink)
    measured["compare"] = measured["add"]
    by_arithmetic = 1.0 / sum(count / measured[name] for name, count in per_state.items())
    bytes_per_s = bandwidth(cupy)
    by_memory = bytes_per_s / cuda_propagation.STATE_BYTES
    rounded = {name: round(value, 1) for name, value in per_state.items()}
    print(
        f"limits: {by_arithmetic / 1e9:.1f} G states/s by arithmetic ({rounded}), "
        f"{by_memory / 1e9:.1f} G states/s by memory"
    )
    epoch = "2026-01-01T00:00:00Z"
    results = []
    for name, elements, n_times in (
        (title, starlink[np.resize(np.arange(len(starlink)), 9341)], 1000),
        (
            "Walker 53:30000/100/1 at 550 km",
            walker("53:30000/100/1", altitude_km=550.0, epoch=epoch),
            10_000,
        ),
    ):
        result = measure(cupy, name, elements, n_times, options.precision)
        speed = result["kernel_states_per_s"]
        if options.precision == "mixed":
            print(f"{name}: {speed / 1e9:.2f} G states/s in the kernels, precision mixed")
            results.append(result)
            continue
        result |= dict(of_arithmetic_limit=speed / by_arithmetic, of_memory_limit=speed / by_memory)
        results.append(result)
        print(
            f"{name}: {result['satellites']} x {n_times}: {speed / 1e9:.2f} G states/s in the "
            f"kernels, {speed / by_arithmetic:.0%} of the arithmetic limit, "
            f"{speed / by_memory:.0%} of the memory limit; "
            f"{result['to_host_bytes_per_s'] / 1e9:.1f} GB/s to the host"
        )
    limits = dict(
        operations_per_s=measured, bytes_per_s=bytes_per_s, operations_per_state=per_state
    )
    machine.report(dict(gpu=gpu, limits=limits, results=results), options.json)


if __name__ == "__main__":
    main()
