"""NVIDIA's run-time compiler by itself, from its wheel: it needs neither a GPU nor a driver."""

import ctypes
from importlib import metadata

import pytest

WHEELS = ("nvidia-cuda-nvrtc-cu12", "nvidia-cuda-nvrtc")  # CUDA 12 still knows compute capability 7.0


def library() -> ctypes.CDLL:
    """The compiler; the test is skipped where no wheel of it is installed."""
    for wheel in WHEELS:
        try:
            files = metadata.files(wheel) or []
        except metadata.PackageNotFoundError:
            continue
        for file in files:
            if file.name.startswith("libnvrtc.so."):
                return ctypes.CDLL(str(file.locate()))
    pytest.skip(f"none of {', '.join(WHEELS)} is installed: the CUDA kernels cannot be compiled", allow_module_level=True)


def architectures() -> list[int]:
    """Compute capabilities times ten, from 7.0 on."""
    count = ctypes.c_int()
    _check(library().nvrtcGetNumSupportedArchs(ctypes.byref(count)))
    found = (ctypes.c_int * count.value)()
    _check(library().nvrtcGetSupportedArchs(found))
    return [number for number in found if number >= 70]


def ptx(source: str, options: tuple[str, ...]) -> str:
    """PTX of a CUDA source; AssertionError with the compiler's messages where it does not compile."""
    nvrtc = library()
    program = ctypes.c_void_p()
    _check(nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"joined.cu", 0, None, None))
    try:
        words = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
        done = nvrtc.nvrtcCompileProgram(program, len(options), words)
        assert done == 0, _text(nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog, program)
        return _text(nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX, program)
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
