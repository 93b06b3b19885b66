"""What the CUDA engine says where something is missing: each message names the fix."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from fake_cupy import CompileException, CUDADriverError, FakeCupy
from fake_gpu import CUDARuntimeError, OutOfMemoryError
from published import element_sets

import gpuprop
from gpuprop import Propagator
from gpuprop.engine_cuda import CudaEngine, CudaError, usable


@pytest.fixture
def cupy(monkeypatch):
    fake = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", fake)
    return fake


def raising(error):
    def function(*_, **__):
        raise error

    return function


def installed(monkeypatch, *wheels):
    def version(name):
        if name in wheels:
            return "14.0"
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)


def test_not_installed(monkeypatch):
    installed(monkeypatch)
    monkeypatch.setitem(sys.modules, "cupy", None)
    fine, reason = usable()
    assert not fine
    assert "CuPy is not installed" in reason and ".[cuda12]" in reason and ".[cuda13]" in reason
    with pytest.raises(CudaError, match="not installed"):
        CudaEngine()
    with pytest.raises(ValueError, match=r"not usable here .*\.\[cuda12\]"):
        Propagator(element_sets(), "cuda")
    assert ".[cuda12]" in gpuprop.engines()["cuda"].detail


def test_asking_costs_nothing_without_cupy():
    code = "import sys, gpuprop; sys.modules['cupy'] = None; gpuprop.engines(); print(*(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    assert {name for name in done.stdout.split() if name.startswith(("cu", "nvidia"))} == {"cupy"}


def test_two_wheels(monkeypatch, cupy):
    installed(monkeypatch, "cupy-cuda12x", "cupy-cuda13x")
    fine, reason = usable()
    assert not fine
    assert "cupy-cuda12x 14.0 and cupy-cuda13x 14.0" in reason and "pip uninstall cupy-cuda12x cupy-cuda13x" in reason


@pytest.mark.parametrize(
    "error", [ImportError("undefined symbol: nvrtcVersion"), ModuleNotFoundError("No module named 'fastrlock'", name="fastrlock")]
)
def test_broken_import(monkeypatch, error):
    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "cupy":
                raise error

    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    installed(monkeypatch, "cupy-cuda12x")
    fine, reason = usable()
    assert not fine
    assert str(error) in reason and "pip install --force-reinstall 'cupy-cuda12x[ctk]'" in reason


@pytest.mark.parametrize(
    ("driver", "words"),
    [
        (0, ["there is no NVIDIA driver", "--gpus all"]),
        (11040, ["the driver is for CUDA 11.4", "built for CUDA 12.9", "newer driver", ".[cuda12]"]),
    ],
)
def test_driver(cupy, driver, words):
    error = CUDARuntimeError(35, "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version")
    cupy.cuda.runtime.getDeviceCount = raising(error)
    cupy.cuda.runtime.driverGetVersion = lambda: driver
    fine, reason = usable()
    assert not fine and all(word in reason for word in words)


@pytest.mark.parametrize("count", [lambda: 0, raising(CUDARuntimeError(100, "cudaErrorNoDevice: no CUDA-capable device is detected"))])
def test_no_gpu(cupy, count):
    cupy.cuda.runtime.getDeviceCount = count
    fine, reason = usable()
    assert not fine and "CUDA_VISIBLE_DEVICES" in reason


def test_a_driver_that_does_not_start(cupy):
    cupy.cuda.runtime.getDeviceCount = raising(CUDARuntimeError(803, "cudaErrorSystemDriverMismatch"))
    fine, reason = usable()
    assert not fine and "cudaErrorSystemDriverMismatch" in reason and "nvidia-smi" in reason


def test_no_nvrtc(cupy):
    cupy.cuda.nvrtc.getVersion = raising(RuntimeError('Failure finding "libnvrtc.so.12"'))
    fine, reason = usable()
    assert not fine and "libnvrtc.so.12" in reason and ".[cuda12]" in reason


def test_whatever_else_is_wrong_is_a_reason_too(cupy):
    cupy.cuda.runtime.getDeviceProperties = raising(KeyError())
    assert usable() == (False, "KeyError()")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('catastrophic error: cannot open source file "vector_types.h"', ["CUDA's headers", ".[cuda12]", "vector_types.h"]),
        ("nvrtc: error: invalid value for --gpu-architecture (-arch)", ["older than this CuPy supports", "--gpu-architecture"]),
    ],
)
def test_nvrtc_fails(cupy, text, words):
    cupy.RawModule = raising(CompileException(text))
    with pytest.raises(CudaError) as caught:
        Propagator(element_sets(), "cuda")
    assert all(word in str(caught.value) for word in words)


def test_out_of_memory(cupy):
    cupy.machine.memory = 1 << 20
    with pytest.raises(CudaError, match=r"GPU 0 has not enough memory.*smaller block.*fewer satellites") as caught:
        Propagator(element_sets(), "cuda")
    assert isinstance(caught.value.__cause__, OutOfMemoryError)
    cupy.machine.memory = 64 << 20
    propagator = Propagator(element_sets(), "cuda:0")
    for compute in (propagator.states, propagator.snapshots):
        with pytest.raises(CudaError, match=r"GPU 0 has not enough memory.*smaller block"):
            list(compute(np.arange(10**6) + element_sets().epoch[0], device=True))
    assert propagator.states(element_sets().epoch).x.shape == (33, 33)


@pytest.mark.parametrize("error", [CUDARuntimeError(719, "unspecified launch failure"), CUDADriverError("CUDA_ERROR_LAUNCH_FAILED")])
def test_a_gpu_that_fails_at_work(cupy, error):
    propagator = Propagator(element_sets(), "cuda:1")
    cupy.cuda.get_current_stream = raising(error)
    with pytest.raises(CudaError, match=r"GPU 1 failed .*nvidia-smi"):
        propagator.states(element_sets().epoch, device=True)


def test_only_this_engine_imports_cupy():
    folder = Path(gpuprop.__file__).parent
    importing = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py") if "import cupy" in path.read_text()}
    assert importing == {"engine_cuda/availability.py"}


def test_a_folder_that_an_uninstallation_left(monkeypatch, tmp_path):
    (tmp_path / "cupy").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    fine, reason = usable()
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    assert not fine and f"delete {tmp_path / 'cupy'}" in reason
