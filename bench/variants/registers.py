"""List registers, spilled bytes and instructions of every CUDA kernel, for several GPUs.

    python bench/variants/registers.py [--bounds '128, 3'] --json bench/variants/registers.json

NVRTC and its assembler compile the kernels; nvdisasm lists the machine code. All come in wheels
(`pip install nvidia-cuda-nvrtc nvidia-cuda-nvdisasm`). No GPU is needed. A test compares the file
with the kernels: run this again after a change of a kernel.

--bounds compiles every kernel with other `__launch_bounds__`, to compare.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from importlib import metadata
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
import machine
import nvrtc

from gpuprop.engine.cuda.source import OPTIONS, source

CAPABILITIES = (80, 89, 90, 100, 120)
WHEEL = "nvidia-cuda-nvrtc"
DISASSEMBLER = "nvidia-cuda-nvdisasm"
ENTRY = re.compile(
    r"Compiling entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores"
    r".*?Used (\d+) registers",
    re.DOTALL,
)
INSTRUCTION = re.compile(r"^\s+/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+ )?([A-Z][A-Z0-9_.]*)")
FLOAT64 = re.compile(r"D(ADD|MUL|FMA|SETP)\b|MUFU\.\w*64")
CLASSES = {
    "float64": FLOAT64,
    "float32": re.compile(r"F(ADD|MUL|FMA|SETP|SEL|MNMX)\b|MUFU(?!\.\w*64)"),
    "memory": re.compile(r"(LD|ST|ATOM|RED)(G|S|C|U|L|\b)"),
    "local": re.compile(r"(LD|ST)L\b"),
}


def digest() -> str:
    """Digest of the text of the kernels, without comments."""
    lines = (re.sub(r"\s*//.*|^#line .*", "", line).rstrip() for line in source().splitlines())
    return hashlib.sha256("\n".join(line for line in lines if line).encode()).hexdigest()


def compiled(capability: int, bounds: str | None, disassembler: str) -> dict[str, dict[str, int]]:
    """Compile the kernels; return the figures of each."""
    text = source()
    if bounds:
        text = re.sub(r"__launch_bounds__\([^)]*\)", f"__launch_bounds__({bounds})", text)
    options = (f"--gpu-architecture=sm_{capability}", "--ptxas-options=-v", *OPTIONS)
    _, messages, code = nvrtc.everything(text, options, WHEEL)
    counts = instructions(code, disassembler)
    return {
        name: dict(registers=int(registers), spilled=int(spilled), stack=int(stack)) | counts[name]
        for name, stack, spilled, registers in sorted(ENTRY.findall(messages))
    }


def instructions(code: bytes, disassembler: str) -> dict[str, dict[str, int]]:
    """Count the instructions in the machine code of each kernel: all, and those of CLASSES."""
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(code)
        file.flush()
        done = subprocess.run(
            [disassembler, "-c", file.name], check=True, capture_output=True, text=True
        )
    found: dict[str, Counter[str]] = {}
    for line in done.stdout.splitlines():
        if section := re.match(r"\s*\.section\s+\.text\.(\w+)", line):
            here = found.setdefault(section[1], Counter())
        elif (word := INSTRUCTION.match(line)) and word[1] != "NOP":
            here.update(instructions=1)
            here.update(name for name, kind in CLASSES.items() if kind.match(word[1]))
    return {
        name: {each: counts[each] for each in ("instructions", *CLASSES)}
        for name, counts in found.items()
    }


def find_disassembler() -> str | None:
    """Return the path of nvdisasm: on the PATH, or in its wheel."""
    if path := shutil.which("nvdisasm"):
        return path
    try:
        files = metadata.files(DISASSEMBLER) or []
    except metadata.PackageNotFoundError:
        return None
    return next((str(file.locate()) for file in files if file.name == "nvdisasm"), None)


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--bounds", help="other launch bounds of every kernel, such as '128, 3'")
    options = parser.parse_args()
    disassembler = find_disassembler()
    if disassembler is None:
        parser.error(f"nvdisasm is not installed: pip install {DISASSEMBLER}")
    results: dict[str, Any] = {}
    for number in CAPABILITIES:
        results[f"sm_{number}"] = compiled(number, options.bounds, disassembler)
        print(f"sm_{number}")
        for name, figures in results[f"sm_{number}"].items():
            print(
                f"    {name:24} {figures['registers']:4} registers, {figures['spilled']:4} bytes "
                f"spilled, {figures['instructions']:6} instructions, {figures['float64']:5} of "
                "float64"
            )
    compiler = f"{WHEEL} {metadata.version(WHEEL)}"
    machine.report(
        dict(compiler=compiler, bounds=options.bounds, digest=digest(), kernels=results),
        options.json,
    )


if __name__ == "__main__":
    main()
