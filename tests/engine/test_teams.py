"""What `auto` takes: the model of rates against what was measured, and its choice on a table of
GPUs and CPUs. The double of CuPy then shows these GPUs to the engines.
"""

import json
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_cupy import FakeCupy
from state_samples import EPOCH, equal, random_elements

from gpuprop import Propagator, coverage, doctor, time_grid
from gpuprop.engine import fastest, hardware
from gpuprop.engine.choice import EngineWarning, open_engine
from gpuprop.engine.cuda import CudaError
from gpuprop.engine.cuda import hardware as cuda_hardware
from gpuprop.engine.rates import (
    CORE_STATES_PER_S,
    SHARING_CORES,
    SHARING_S,
    Cpu,
    Gpu,
    bus_bytes_per_s,
    cpu_rates,
    gpu_rates,
)
from gpuprop.engine.teams import AHEAD, choose, team, team_rate

RESULTS = Path(__file__).parents[2] / "bench" / "results"
# Multiprocessors and boost clocks of NVIDIA's data sheets.
H200 = Gpu(0, "H200", (9, 0), 132, 1.98e9)
A100 = Gpu(0, "A100", (8, 0), 108, 1.41e9)
RTX_4090 = Gpu(0, "RTX 4090", (8, 9), 128, 2.52e9)
RTX_3060 = Gpu(0, "RTX 3060", (8, 6), 28, 1.78e9)
T4 = Gpu(0, "T4", (7, 5), 40, 1.59e9)
LAPTOP = Gpu(0, "RTX 4050 Laptop", (8, 9), 20, 1.61e9, bus_gt_per_s=8 * 16.0)
GPUS = (H200, A100, RTX_4090, RTX_3060, T4, LAPTOP)
CORES, LANES = (2, 16, 64), {8: "AVX-512", 4: "AVX2", 0: "none"}

# (GPU, lanes) -> what is taken for device, host and pairs with 2, 16 and 64 cores: g for the GPU, c
# for the CPU.
TABLE = {
    ("H200", 8): "ggc ggc gcc",
    ("H200", 4): "ggc ggc gcc",
    ("H200", 0): "ggg ggc ggc",
    ("A100", 8): "ggc gcc gcc",
    ("A100", 4): "ggc ggc gcc",
    ("A100", 0): "ggg ggc ggc",
    ("RTX 4090", 8): "ggc gcc ccc",
    ("RTX 4090", 4): "ggc ggc gcc",
    ("RTX 4090", 0): "ggg ggc ggc",
    ("RTX 3060", 8): "ggc ccc ccc",
    ("RTX 3060", 4): "ggc ccc ccc",
    ("RTX 3060", 0): "ggg ggc ccc",
    ("T4", 8): "ggc ccc ccc",
    ("T4", 4): "ggc ccc ccc",
    ("T4", 0): "ggg ggc ccc",
    ("RTX 4050 Laptop", 8): "ggc ccc ccc",
    ("RTX 4050 Laptop", 4): "ggc ccc ccc",
    ("RTX 4050 Laptop", 0): "ggg ggc ccc",
}


def test_the_model_is_what_was_measured():
    """Within a tenth of the kernels, of the copies and of the cores that it is made from."""
    measured = json.loads((RESULTS / "gpu-h200-2026-11-28.json").read_text())["results"]["results"]
    large = max(measured, key=lambda each: each["kernel_states_per_s"])
    rates = gpu_rates(H200)
    assert rates.device == pytest.approx(large["kernel_states_per_s"], rel=0.1)
    assert rates.host == pytest.approx(large["to_host_states_per_s"], rel=0.1)
    assert bus_bytes_per_s(H200) == pytest.approx(large["to_host_bytes_per_s"], rel=0.1)
    rows = json.loads((RESULTS / "propagate-starlink-2026-11-26.json").read_text())["results"]
    for row in rows[0]["rows"]:
        if row["name"] in ("cpu", "numpy"):
            found = cpu_rates(Cpu(row["cores"], 8 if row["name"] == "cpu" else 0)).host
            assert found == pytest.approx(row["states_per_second"], rel=0.1)
    # what the doctor measured on the 16 cores beside the H200, with a block of this size
    states = 2048 * 128
    rate = states / (states / (16 * CORE_STATES_PER_S[8]) + SHARING_CORES * SHARING_S)
    assert rate == pytest.approx(161e6, rel=0.1)


@pytest.mark.parametrize("gpu", GPUS, ids=lambda gpu: gpu.name)
@pytest.mark.parametrize("lanes", LANES, ids=LANES.get)
def test_the_choice_and_the_reason(gpu, lanes):
    choices = [choose([gpu], Cpu(cores, lanes)) for cores in CORES]
    letters = [
        "".join("g" if each.engines[use] == "cuda" else "c" for use in ("device", "host", "pairs"))
        for each in choices
    ]
    assert " ".join(letters) == TABLE[gpu.name, lanes]
    for cores, each in zip(CORES, choices, strict=True):
        assert set(each.engines.values()) <= {"cuda", "cpu" if lanes else "numpy"}
        assert each.gpus == ((0,) if "cuda" in each.engines.values() else ())
        for use, reason in each.reasons.items():
            winner, loser = (
                (gpu.name, f"{cores} cores")
                if each.engines[use] == "cuda"
                else (f"{cores} cores", gpu.name)
            )
            assert reason.index(winner) < reason.index(" against ") < reason.index(loser)


def test_the_choice_is_the_largest_rate():
    """Whatever the hardware: nothing that the model estimates as slower is taken."""
    for gpu in GPUS:
        for lanes in (8, 4, 2, 0):
            for cores in range(1, 200, 7):
                cpu = Cpu(cores, lanes)
                for use, engine in choose([gpu], cpu).engines.items():
                    ours, theirs = getattr(gpu_rates(gpu), use), getattr(cpu_rates(cpu), use)
                    assert (engine == "cuda") is (
                        ours >= theirs if use == "device" else ours > theirs
                    )


def test_no_gpu_and_no_compiled_kernels():
    for lanes, name in ((8, "cpu"), (0, "numpy")):
        choice = choose([], Cpu(2, lanes))
        assert set(choice.engines.values()) == {name} and choice.gpus == ()
        assert all("there is no GPU" in reason for reason in choice.reasons.values())


@pytest.mark.parametrize(
    ("cards", "taken"),
    [
        ((H200, H200), (0, 1)),
        ((H200, T4), (0,)),
        ((T4, H200), (1,)),
        ((T4, H200, H200), (1, 2)),
        ((RTX_4090, RTX_4090, RTX_3060), (0, 1)),
        ((T4, RTX_3060), (0, 1)),
        ((H200, A100), (0, 1)),
        ((T4,), (0,)),
    ],
    ids=lambda each: " ".join(getattr(card, "name", str(card)) for card in each),
)
def test_a_card_that_would_slow_the_team_is_left_out(cards, taken):
    gpus = [replace(card, number=number) for number, card in enumerate(cards)]
    members, left_out = team(gpus)
    assert tuple(each.number for each in members) == taken
    assert set(left_out) == set(range(len(gpus))) - set(taken)
    rate = team_rate([gpu_rates(each).device for each in members])
    for number, reason in left_out.items():
        assert f"GPU {number} ({gpus[number].name}) is left out" in reason
        together = [gpu_rates(each).device for each in (*members, gpus[number])]
        assert team_rate(together) < rate
    assert choose(gpus, Cpu(2, 4)).left_out == left_out


def simulated(rates, blocks=2000):
    """Blocks a second of GPUs that share blocks as prefetch.shared does, if the caller takes each
    at once.
    """
    now, ends, of = 0.0, [], []
    waiting = 0  # the next block that the caller takes
    limit = AHEAD * len(rates) + 1
    busy = [0.0] * len(rates)
    while len(ends) < blocks:
        unfinished = [
            sum(ends[i] > now for i in range(waiting, len(ends)) if of[i] == g)
            for g in range(len(rates))
        ]
        g = unfinished.index(min(unfinished))
        while waiting < len(ends) and ends[waiting] <= now:
            waiting += 1
        if len(ends) - waiting < limit and unfinished[g] < AHEAD:
            begin = max(now, busy[g])
            busy[g] = begin + 1.0 / rates[g]
            ends.append(busy[g])
            of.append(g)
        else:
            now = min(end for end in ends[waiting:] if end > now)
    return blocks / max(ends)


@pytest.mark.parametrize(
    "rates", [(1.0, 1.0), (1.0, 0.5), (4.0, 1.0), (30.0, 1.0), (8.0, 8.0, 1.0)]
)
def test_the_rate_of_a_team_is_that_of_a_simulation(rates):
    """The formula is no lower than the queue's rate, and the team it chooses is the better one."""
    assert simulated(rates) <= 1.05 * team_rate(rates) * (1 + 1 / (AHEAD * len(rates)))
    best = max(range(1, len(rates) + 1), key=lambda n: team_rate(rates[:n]))
    fastest = max(simulated(rates[:n]) for n in range(1, len(rates) + 1))
    assert simulated(rates[:best]) >= 0.7 * fastest


# On the double of CuPy


@pytest.fixture
def cards(monkeypatch):
    """Put cards and cores into this machine."""

    def put(*cards, cores=2, lanes=8):
        names = [f"{card.name} {number}" for number, card in enumerate(cards)]
        fake = FakeCupy(gpus=names, hardware_of=dict(zip(names, cards, strict=True)))
        monkeypatch.setitem(sys.modules, "cupy", fake)
        monkeypatch.setattr(fastest, "cpu_here", lambda threads=None: Cpu(cores, lanes))
        return fake

    monkeypatch.delenv("GPUPROP_ENGINE", raising=False)
    return put


TIMES = time_grid(EPOCH, step="97min", duration="970min")
ELEMENTS = random_elements(11, 40)


def test_every_team_gives_the_same_bytes(cards):
    expected = Propagator(ELEMENTS, "numpy", threads=1).states(TIMES)
    for given, cores, used in (
        ((H200, H200), 2, {0, 1}),
        ((H200, T4), 2, {0}),
        ((T4, H200, T4), 64, {1}),
        ((LAPTOP,), 64, set()),
    ):
        fake = cards(*given, cores=cores)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EngineWarning)
            propagator = Propagator(ELEMENTS, "auto", threads=1)
        for device in (False, True):
            blocks = list(propagator.snapshots(TIMES, instants=2, device=device))
            for name in ("x", "vz", "status"):
                columns = [each.columns[name] for each in blocks]
                whole = np.concatenate(
                    [each if isinstance(each, np.ndarray) else each.get() for each in columns]
                )
                assert np.array_equal(whole, expected.columns[name], equal_nan=True)
        assert equal(propagator.states(TIMES), expected)
        fake.check_guards()
        assert {device for *_, device in fake.launches} == used


def test_each_use_has_its_engine(cards):
    """16 cores with AVX-512 fill memory faster than the bus of an A100 does; the A100 answers."""
    cards(A100, cores=16)
    propagator = Propagator(ELEMENTS, "auto", threads=1)
    assert propagator.engine == "cpu, cuda"
    assert type(propagator.states(TIMES).x) is np.ndarray
    assert propagator.states(TIMES, device=True).x.device.id == 0  # type: ignore[attr-defined]
    assert [each.partition(":")[0] for each in propagator.engine_reasons] == [
        "blocks that stay on a GPU, and answers",
        "states in the memory of the host",
        "single states",
    ]
    half = coverage(propagator, TIMES[:2], "30deg")
    assert half.cells.equals(coverage(Propagator(ELEMENTS, "numpy"), TIMES[:2], "30deg").cells)
    propagator.close()
    cards(LAPTOP, cores=64)
    assert Propagator(ELEMENTS, "auto", threads=1).engine == "cpu"


def test_the_gpu_does_all_if_only_it_has_precision_mixed(cards):
    """16 cores with numpy would compute single states."""
    cards(H200, cores=16, lanes=0)
    assert Propagator(ELEMENTS, "auto", threads=1).engine == "cuda, numpy"
    propagator = Propagator(ELEMENTS, "auto", threads=1, precision="mixed")
    assert propagator.engine == "cuda" and propagator.mixed.any()
    assert propagator.engine_reasons[-1] == (
        "single states: cuda, because engine numpy has no precision mixed here"
    )
    pairs = propagator.pair_states(np.arange(10), TIMES[:10])
    exact = Propagator(ELEMENTS, "numpy", threads=1).pair_states(np.arange(10), TIMES[:10])
    assert equal(pairs, exact)
    cards(LAPTOP, cores=64, lanes=0)
    with pytest.raises(ValueError, match="engine numpy has none"):
        Propagator(ELEMENTS, "auto", threads=1, precision="mixed")


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_leaving_out_is_said_at_run_time(cards, name):
    fake = cards(T4, H200)
    with pytest.warns(EngineWarning, match=r"cuda leaves out a GPU: GPU 0 \(T4 0\) is left out"):
        Propagator(ELEMENTS, name)
    assert {device for *_, device in fake.launches} == {1}
    fake.launches.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Propagator(ELEMENTS, f"{name}:0")  # asked for by number, it works
    assert {device for *_, device in fake.launches} == {0}


def test_a_card_that_was_left_out_takes_the_place_of_one_that_fails(cards):
    fake = cards(RTX_3060, H200)
    real = fake.RawModule

    def compile_on(code, options):
        if fake.machine.device == 1:
            raise fake.cuda.compiler.CompileException("broken")
        return real(code, options)

    fake.RawModule = compile_on
    with pytest.warns(EngineWarning, match="cuda leaves out a GPU: NVRTC does not compile"):
        propagator = Propagator(ELEMENTS, "auto")
    assert "cuda" in propagator.engine and {each[-1] for each in fake.launches} == {0}


def test_one_engine_for_one_use(cards):
    fake = cards(H200, cores=64)
    assert open_engine("auto").name == "cuda"
    fake = cards(LAPTOP, cores=64)
    assert open_engine("auto").name == "cpu"
    assert fake.launches == []


def test_the_doctor_shows_the_estimates_the_choice_and_why(cards, monkeypatch):
    monkeypatch.setattr(doctor, "engines", dict)
    cards(T4, H200, cores=64)
    report = doctor.examine().to_dict()
    assert report["choice"]["engines"] == dict(device="cuda", host="cpu", pairs="cpu")
    assert report["choice"]["gpus"] == [1]
    assert "T4" in report["choice"]["left_out"]["cuda:0"]
    rates = {each["engine"]: each for each in report["choice"]["estimates"]}
    assert set(rates) == {"cuda:0", "cuda:1", "cpu"}
    assert rates["cuda:1"]["device"] == pytest.approx(2.9e10, rel=0.02)
    text = "\n".join(str(part) for part in doctor.examine().to_text())
    assert "is left out" in text and "against" in text


def test_what_the_system_says_of_the_bus(monkeypatch, tmp_path):
    """A slot of 8 lanes of PCI Express 3 for a card of 16 lanes of 4."""
    cupy = FakeCupy()
    numbers = {33: 0x65, 34: 0, 50: 0, 13: 1_980_000}
    cupy.cuda.runtime.deviceGetAttribute = lambda which, gpu: numbers[which]
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(cuda_hardware, "PCI", tmp_path / "devices")
    assert cuda_hardware.gpu_of(0).bus_gt_per_s is None
    port = tmp_path / "port"
    card = port / "0000:65:00.0"
    card.mkdir(parents=True)
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / card.name).symlink_to(card)
    (port / "max_link_speed").write_text("8.0 GT/s PCIe\n")
    (card / "max_link_speed").write_text("16.0 GT/s PCIe\n")
    (card / "current_link_width").write_text("8\n")
    gpu = cuda_hardware.gpu_of(0)
    assert gpu.bus_gt_per_s == 64.0 and gpu.clock_hz == 1.98e9
    assert bus_bytes_per_s(gpu) == pytest.approx(5e9, rel=0.02)
    (card / "current_link_width").write_text("63 lanes?\n")
    assert cuda_hardware.gpu_of(0).bus_gt_per_s is None


def test_two_threads_of_a_core_count_once(monkeypatch, tmp_path):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    monkeypatch.setattr(hardware, "CORES", tmp_path)
    for number, siblings in enumerate(("0,2", "1,3", "0,2")):
        folder = tmp_path / f"cpu{number}" / "topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(siblings)
    assert hardware.physical_cores() == 2 and hardware.cpu_here(1).cores == 1


@pytest.mark.parametrize("device", [False, True])
def test_a_gpu_that_fails_at_work_raises_at_the_place_of_its_block(cards, device):
    """The blocks before it come first, as with one GPU."""
    fake = cards(H200, H200)
    propagator = Propagator(ELEMENTS, "cuda")
    failing, real = propagator._propagations[1], propagator._propagations[1]._launch  # type: ignore[attr-defined]
    launches = iter(range(100))

    def launch(*given):
        if next(launches) >= 2:
            raise fake.cuda.runtime.CUDARuntimeError(719, "unspecified launch failure")
        real(*given)

    failing._launch = launch  # type: ignore[attr-defined]
    found = []
    with pytest.raises(CudaError, match=r"GPU 1 failed .*engine cpu gives the same bits"):
        for block in propagator.snapshots(TIMES, instants=1, device=device):
            found.append(block.times.start_ns)
    assert len(found) >= 2 and found == TIMES.ns[: len(found)].tolist()
    fake.check_guards()
