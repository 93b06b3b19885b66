"""NVIDIA's run-time compiler by itself, from its wheels: it needs neither a GPU nor a driver."""

import ctypes
import re
from functools import cache
from importlib import metadata

import pytest

# of CUDA 12, which still knows compute capability 7.0, and of 13
PROVED = (80, 90, 100, 120)  # capabilities whose PTX is always run
WHEELS = ("nvidia-cuda-nvrtc-cu12", "nvidia-cuda-nvrtc")


@cache
def libraries() -> dict[str, ctypes.CDLL]:
    """The compilers installed, by wheel; the tests are skipped where there is none."""
    found = {}
    for wheel in WHEELS:
        try:
            files = metadata.files(wheel) or []
        except metadata.PackageNotFoundError:
            continue
        for file in files:
            if file.name.startswith("libnvrtc.so."):
                found[wheel] = ctypes.CDLL(str(file.locate()))
    if not found:
        pytest.skip(
            f"none of {', '.join(WHEELS)} is installed: the CUDA kernels cannot be compiled",
            allow_module_level=True,
        )
    return found


def architectures(wheel: str) -> list[int]:
    """Compute capabilities times ten, from 7.0 on."""
    library, count = libraries()[wheel], ctypes.c_int()
    _check(library.nvrtcGetNumSupportedArchs(ctypes.byref(count)))
    found = (ctypes.c_int * count.value)()
    _check(library.nvrtcGetSupportedArchs(found))
    return [number for number in found if number >= 70]


def every() -> list[tuple[str, int]]:
    """Every compiler with each compute capability that it knows."""
    return [(wheel, number) for wheel in libraries() for number in architectures(wheel)]


def ptx(source: str, options: tuple[str, ...], wheel: str) -> str:
    """PTX of a CUDA source; AssertionError with the compiler's messages if it does not compile."""
    return compiled(source, options, wheel)[0]


def entries(ptx: str) -> dict[str, list[str]]:
    """The instructions of each kernel, without labels and predicates."""
    found = {}
    for name, body in re.findall(r"\.entry (\w+)\(.*?\)[^{]*\{(.*?)\n\}", ptx, re.DOTALL):
        lines = (line.strip() for line in body.splitlines())
        found[name] = [re.sub(r"^@!?%p\d+\s+", "", line) for line in lines if line.endswith(";")]
    return found


def compiled(source: str, options: tuple[str, ...], wheel: str) -> tuple[str, str]:
    """PTX and messages."""
    text, messages, _ = everything(source, options, wheel)
    return text, messages


@cache
def everything(source: str, options: tuple[str, ...], wheel: str) -> tuple[str, str, bytes]:
    """PTX, messages, and the machine code if the options name a real architecture (sm_90)."""
    nvrtc = libraries()[wheel]
    program = ctypes.c_void_p()
    _check(
        nvrtc.nvrtcCreateProgram(
            ctypes.byref(program), source.encode(), b"joined.cu", 0, None, None
        )
    )
    try:
        words = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
        done = nvrtc.nvrtcCompileProgram(program, len(options), words)
        messages = _text(nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog, program)
        assert done == 0, messages
        text = _text(nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX, program)
        size = ctypes.c_size_t()
        _check(nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size)))
        code = ctypes.create_string_buffer(size.value)
        if size.value:
            _check(nvrtc.nvrtcGetCUBIN(program, code))
        return text, messages, code.raw[: size.value]
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


def _text(size_of, read, program) -> str:
    size = ctypes.c_size_t()
    _check(size_of(program, ctypes.byref(size)))
    buffer = ctypes.create_string_buffer(size.value)
    _check(read(program, buffer))
    return buffer.value.decode()


def _check(code: int) -> None:
    assert code == 0, f"NVRTC failed with code {code}"
