"""Check whether the CUDA engine can run here, and if not, what to do."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

from ...errors import GpupropError

WHEELS = (
    "cupy",
    "cupy-cuda11x",
    "cupy-cuda12x",
    "cupy-cuda13x",
    "cupy-rocm-4-3",
    "cupy-rocm-5-0",
    "cupy-rocm-7-0",
    "cupy-rocm-7-1",
)
INSTALL = (
    "pip install '.[cuda13]' (driver 580 or newer) or '.[cuda12]' (525 or newer) in a clone of "
    "gpuprop; nvidia-smi names the driver"
)
# cudaErrorMemoryAllocation, NoDevice, InsufficientDriver
OUT_OF_MEMORY, NO_DEVICE, INSUFFICIENT_DRIVER = 2, 100, 35
FAILED_BEFORE = (
    "after a failed import CuPy cannot be imported again in this process: repair it, then restart "
    "Python"
)


class CudaError(GpupropError, RuntimeError):
    """A requirement of the CUDA engine is missing or failed; the message names the fix."""


class CudaMissingError(CudaError):
    """There is no GPU for this engine: no CuPy, a CuPy for other GPUs, no driver, or no GPU.

    Nothing is broken.
    """


def cuda_version(number: int) -> str:
    """Format CUDA's version number: 12040 is 12.4."""
    return f"{number // 1000}.{number % 1000 // 10}"


def installed_wheels() -> list[str]:
    """Return the installed CuPy packages; several of them overwrite each other's files."""
    found = []
    for wheel in WHEELS:
        try:
            found.append(f"{wheel} {metadata.version(wheel)}")
        except metadata.PackageNotFoundError:
            continue
    return found


# Why CuPy's import failed first. A second attempt finds half of its modules loaded, and fails with
# a misleading error.
_first_failure = ""


def import_cupy() -> Any:
    """Import cupy.

    CudaError if it is not installed, installed twice, broken, or built for other GPUs.
    """
    global _first_failure
    wheels = installed_wheels()
    if len(wheels) > 1:
        names = " ".join(wheel.split()[0] for wheel in wheels)
        raise CudaError(
            f"{' and '.join(wheels)} are installed and overwrite each other: pip uninstall "
            f"{names}, then {INSTALL}"
        )
    if (
        _first_failure
        and "cupy" not in sys.modules
        and any(name.startswith("cupy.") for name in sys.modules)
    ):
        raise CudaError(f"{_first_failure} ({FAILED_BEFORE})")
    _first_failure = ""
    if wheels and "cupy" not in sys.modules:
        make_cache()
    try:
        import cupy
    except Exception as error:
        # Importing CuPy loads libraries of CUDA; what this may raise is not documented.
        if isinstance(error, ModuleNotFoundError) and error.name == "cupy":
            raise CudaMissingError(f"CuPy is not installed: {INSTALL}") from error
        if isinstance(error, OSError) and error.filename is not None:  # a file, not a library
            _first_failure = _no_file(error)
        else:
            _first_failure = (
                f"CuPy is broken ({error}): pip install --force-reinstall {_wheel(wheels)}"
            )
        raise CudaError(_first_failure) from error
    if not hasattr(cupy, "cuda"):
        where = ", ".join(getattr(cupy, "__path__", [])) or "an empty module"
        raise CudaMissingError(
            "the imported CuPy is only a folder that an uninstallation left behind: delete "
            f"{where}, then {INSTALL}"
        )
    if getattr(cupy.cuda.runtime, "is_hip", False):
        raise CudaMissingError(
            "this CuPy is built for AMD GPUs (ROCm), and the kernels need an NVIDIA GPU: with "
            f"one, {INSTALL}"
        )
    return cupy


def cache_folder() -> str:
    """Return the folder in which CuPy keeps compiled kernels."""
    return os.environ.get("CUPY_CACHE_DIR", os.path.expanduser("~/.cupy/kernel_cache"))


def make_cache() -> None:
    """Make the folder of compiled kernels.

    CuPy's import would make it, too; but if it fails there, CuPy cannot be imported again in this
    process. CudaError if it cannot be made. An existing folder may be read-only, because it may
    hold the kernels already.
    """
    folder = cache_folder()
    try:
        if not os.path.isdir(folder):
            os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise CudaError(_no_file(error)) from error


def _no_file(error: OSError) -> str:
    """Explain, with the fix, that CuPy cannot write a file."""
    if "temporary directory" in str(error):
        return (
            f"there is no folder for CuPy's temporary files ({error}): set TMPDIR to a folder that "
            "can be written and has space"
        )
    fix = (
        f"set CUPY_CACHE_DIR, now {cache_folder()!r}, to a folder that can be written and has space"
    )
    # without a file name the error does not say which folder it was
    also = "" if error.filename else "; CuPy's temporary files are in TMPDIR, else in /tmp"
    return f"CuPy cannot keep compiled kernels ({error}): {fix}{also}"


def _wheel(wheels: list[str]) -> str:
    return f"'{wheels[0].split()[0]}[ctk]'" if wheels else "cupy"


def gpu_count(cupy: Any) -> int:
    """Count the visible GPUs, one or more.

    CudaError if there is no driver, an old driver, or no GPU.
    """
    runtime = cupy.cuda.runtime
    try:
        number = int(runtime.getDeviceCount())
    except (RuntimeError, ImportError, OSError) as error:
        status = getattr(error, "status", None)
        if status == INSUFFICIENT_DRIVER:
            driver, built_for = (
                _answer("CUDA", ask)
                for ask in (runtime.driverGetVersion, runtime.runtimeGetVersion)
            )
            raise _driver_trouble(driver, built_for) from error
        if status != NO_DEVICE:
            raise CudaError(
                f"CUDA does not start ({error}): look at nvidia-smi; after an update of the "
                "driver, restart"
            ) from error
        number = 0
    if not number:
        raise CudaMissingError(
            "no GPU is visible: look at nvidia-smi and at CUDA_VISIBLE_DEVICES (in a container: "
            "docker run --gpus all)"
        )
    return number


def gpu_names(cupy: Any) -> list[str]:
    """Return the name of each visible GPU, or why it does not answer. CudaError as gpu_count."""
    return [_gpu_name(cupy, index) for index in range(gpu_count(cupy))]


def _gpu_name(cupy: Any, index: int) -> str:
    try:
        return str(properties_of(cupy, index)["name"].decode())
    except CudaError as error:
        return str(error)


def properties_of(cupy: Any, index: int) -> dict[str, Any]:
    """Return the properties of a GPU; CudaError if it does not answer."""
    properties: dict[str, Any] = _answer(
        f"GPU {index}", cupy.cuda.runtime.getDeviceProperties, index
    )
    return properties


def _answer(whose: str, ask: Callable[..., Any], *arguments: int) -> Any:
    """Call a function of CUDA's runtime.

    CudaError if it fails: a GPU can be lost, in exclusive use, or have memory errors.
    """
    try:
        return ask(*arguments)
    except (RuntimeError, ImportError, OSError) as error:
        advice = (
            "see with nvidia-smi whether it still works and which process uses it; engine cpu "
            "gives the same bits"
        )
        raise CudaError(f"{whose} does not answer ({error}): {advice}") from error


def _driver_trouble(driver: int, runtime: int) -> CudaError:
    if not driver:
        return CudaMissingError(
            "there is no NVIDIA driver: install one (in a container: docker run --gpus all)"
        )
    return CudaError(
        f"the driver is for CUDA {cuda_version(driver)} and CuPy is built for CUDA "
        f"{cuda_version(runtime)}: install a newer driver, or the CuPy of the older CUDA, {INSTALL}"
    )


def check(index: int = 0) -> str:
    """Describe GPU `index` and its software; CudaError with the fix if the engine cannot run."""
    cupy = import_cupy()
    if not 0 <= index < gpu_count(cupy):
        found = ", ".join(f"cuda:{number} ({name})" for number, name in enumerate(gpu_names(cupy)))
        raise CudaError(f"there is no GPU {index}: use {found}")
    try:
        nvrtc = ".".join(map(str, cupy.cuda.nvrtc.getVersion()))
    except Exception as error:  # CuPy loads NVRTC late; what this may raise is not documented
        raise CudaError(
            f"NVRTC, which compiles the kernels, does not load ({error}); this "
            f"installs it: {INSTALL}"
        ) from error
    properties = properties_of(cupy, index)
    capability = f"compute capability {properties['major']}.{properties['minor']}"
    driver = cuda_version(_answer("CUDA", cupy.cuda.runtime.driverGetVersion))
    return (
        f"{properties['name'].decode()}, {capability}, driver for CUDA {driver}, CuPy "
        f"{cupy.__version__}, NVRTC {nvrtc}"
    )


def count() -> int:
    """Count the visible GPUs; CudaError if CUDA does not start."""
    return gpu_count(import_cupy())


def usable(index: int = 0) -> tuple[bool, str]:
    """Say whether the engine runs on GPU `index`, and what was found or what to do.

    It never raises, and is cheap without CuPy.
    """
    try:
        return True, check(index)
    except Exception as error:
        return False, str(error) or repr(error)


@contextmanager
def explained(cupy: Any, index: int) -> Iterator[None]:
    """Turn what CuPy raises inside into a CudaError with the fix."""
    try:
        with cupy.cuda.Device(index):
            yield
    except CudaError:
        raise
    except cupy.cuda.memory.OutOfMemoryError as error:
        advice = (
            "take a smaller block (block_bytes) or fewer satellites, or see with nvidia-smi which "
            "process uses the rest"
        )
        raise CudaError(f"GPU {index} has not enough memory ({error}): {advice}") from error
    except cupy.cuda.compiler.CompileException as error:
        text = str(error)
        if "open source file" in text:
            raise CudaError(
                f"NVRTC does not find CUDA's headers; this installs them: {INSTALL}\n{text}"
            ) from error
        advice = f"the GPU may be older than this CuPy supports: {INSTALL}"
        raise CudaError(
            f"NVRTC does not compile the kernels for GPU {index}; {advice}\n{text}"
        ) from error
    except OSError as error:
        raise CudaError(_no_file(error)) from error
    except (RuntimeError, ImportError) as error:
        # from CUDA's runtime and driver, from NVRTC, or from loading their libraries
        of_cuda = isinstance(
            error, (cupy.cuda.runtime.CUDARuntimeError, cupy.cuda.driver.CUDADriverError)
        )
        if of_cuda and getattr(error, "status", None) == OUT_OF_MEMORY:
            raise CudaError(
                f"GPU {index} has not enough memory ({error}): see with nvidia-smi which process "
                "uses it"
            ) from error
        raise CudaError(
            f"GPU {index} failed ({error}): see whether nvidia-smi still works; engine cpu gives "
            "the same bits"
        ) from error
