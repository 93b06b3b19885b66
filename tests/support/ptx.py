"""Translate NVRTC's PTX to C++ for this CPU, so that the tests run the output of the compiler, not
only its input.

Each instruction becomes a call of one function of ptx_shim.h, which says what it computes.
Registers hold bits, as they do in PTX, and the type of the instruction says what the bits mean.

The translation is strict. An instruction, a modifier, an operand or a directive that is not listed
here is a PtxError that names the line. To add an instruction, look it up in NVIDIA's "PTX ISA"
(chapter 9.7), write it in ptx_shim.h, list it in FORMS and test it in test_ptx.py.

Threads run one after another (cuda_shim.h). So nothing that makes threads work together (barriers,
shared memory) can be listed, except sums of integers, which do not depend on their order.
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

SHIMS = ("cuda_shim.h", "ptx_shim.h")
# width in bits of each type of register
REGISTERS = {"pred": 1, "b16": 16, "b32": 32, "b64": 64, "f32": 32, "f64": 64}
# in memory; 8 bits there only
INTEGERS = {f"{kind}{width}": width for width in (8, 16, 32, 64) for kind in "sub"}
WIDTH = {"pred": 1, "f32": 32, "f64": 64} | INTEGERS
BITS = {"f32": "b32", "f64": "b64"}  # integers of the same width
SPECIAL = {
    f"%{register}.{axis}": f"{variable}.{axis}"
    for register, variable in dict(
        tid="threadIdx", ntid="blockDim", ctaid="blockIdx", nctaid="gridDim"
    ).items()
    for axis in "xy"
}

# A constant that no kernel reads from memory is defined all the same; one that is read is refused.
HEADER = re.compile(
    r"\.version \d+\.\d+|\.target sm_\d+|\.address_size 64|\.global \.align \d+ [^;]*;"
)
KERNEL = re.compile(
    r"\.visible \.entry (?P<name>\w+)\(\s*\.param \.align 8 \.b8 "
    r"(?P<param>\w+)\[(?P<size>\d+)\]\s*\)"
    r"(?:\s*\.maxntid \d+(?:, 1, 1)?|\s*\.minnctapersm \d+)*\s*\{\n(?P<body>.*?)\n\}",
    re.DOTALL,
)
DECLARATION = re.compile(r"\.reg \.(\w+)\s+%([a-z]+)<(\d+)>;")
LABEL = re.compile(r"\$(\w+):")
INSTRUCTION = re.compile(
    r"(?:@(?P<negated>!?)(?P<guard>%\w+)\s+)?(?P<opcode>[a-z][\w.]*)(?:\s+(?P<operands>[^;]+))?;"
)
REGISTER = re.compile(r"%([a-z]+)(0|[1-9]\d*)")
FLOATS = {
    "f32": re.compile(r"0f([0-9A-Fa-f]{8})"),
    "f64": re.compile(r"0d([0-9A-Fa-f]{16})"),
}
INTEGER = re.compile(r"-?(?:0|[1-9]\d*)|0x[0-9A-Fa-f]+")
ADDRESS = re.compile(r"\[(?P<base>%?\w+)(?:\+(?P<offset>-?\d+))?\]")


class PtxError(ValueError):
    """The PTX has something that is not listed here; the message names the line."""


class Form(NamedTuple):
    """What an instruction takes and gives."""

    result: str  # type of the first operand
    operands: tuple[str, ...]  # types of the others
    function: str  # of ptx_shim.h


def _forms() -> dict[str, Form]:
    """The listed instructions, except memory and branches, by opcode with all its modifiers."""
    forms = {}
    for width in (16, 32, 64):
        signed, unsigned, bits = (f"{kind}{width}" for kind in "sub")
        for kind in (signed, unsigned):
            for word in ("add", "sub", "min", "max"):
                forms[f"{word}.{kind}"] = Form(kind, (kind, kind), word)
            forms[f"mul.lo.{kind}"] = Form(kind, (kind, kind), "mul_lo")
            forms[f"mad.lo.{kind}"] = Form(kind, (kind, kind, kind), "mad_lo")
            forms[f"shr.{kind}"] = Form(kind, (kind, "u32"), "shr")
            forms[f"cvt.rn.f64.{kind}"] = Form("f64", (kind,), "cvt<f64>")
            for word in ("eq", "ne", "lt", "le", "gt", "ge"):
                forms[f"setp.{word}.{kind}"] = Form("pred", (kind, kind), word)
            for narrow in (16, 32, 64):
                if narrow != width:
                    for other in (f"s{narrow}", f"u{narrow}"):
                        forms[f"cvt.{other}.{kind}"] = Form(other, (kind,), f"cvt<{other}>")
            if width < 64:
                wide = f"{kind[0]}{2 * width}"
                forms[f"mul.wide.{kind}"] = Form(wide, (kind, kind), f"mul_wide<{wide}>")
        forms[f"shl.{bits}"] = Form(bits, (bits, "u32"), "shl")
        forms[f"neg.{signed}"] = Form(signed, (signed,), "negative")
        for word in ("eq", "ne"):
            forms[f"setp.{word}.{bits}"] = Form("pred", (bits, bits), word)
        for kind in (signed, unsigned, bits):
            forms[f"mov.{kind}"] = Form(kind, (kind,), "mov")
            forms[f"selp.{kind}"] = Form(kind, (kind, kind, "pred"), "selp")
    for bits in ("pred", "b16", "b32", "b64"):
        for word in ("and", "or", "xor"):
            forms[f"{word}.{bits}"] = Form(bits, (bits, bits), f"bit_{word}")
        forms[f"not.{bits}"] = Form(bits, (bits,), "bit_not")
    for word in ("add", "sub", "mul", "div"):
        forms[f"{word}.rn.f64"] = Form("f64", ("f64", "f64"), f"{word}_rn")
    for word in ("add", "sub", "mul"):
        forms[f"{word}.rn.f32"] = Form("f32", ("f32", "f32"), f"{word}_rn")
    forms["fma.rn.f32"] = Form("f32", ("f32", "f32", "f32"), "fma_rn")
    forms["neg.f32"] = Form("f32", ("f32",), "neg")
    forms["mov.f32"] = Form("f32", ("f32",), "mov")
    forms["selp.f32"] = Form("f32", ("f32", "f32", "pred"), "selp")
    forms["setp.lt.f32"] = Form("pred", ("f32", "f32"), "lt")
    for kind in ("s32", "u32"):
        forms[f"cvt.rn.f32.{kind}"] = Form("f32", (kind,), "cvt<f32>")
    forms["cvt.rzi.s32.f32"] = Form("s32", ("f32",), "cvt_rzi")
    forms["cvt.f64.f32"] = Form("f64", ("f32",), "cvt<f64>")
    for word in ("rcp", "sqrt"):
        forms[f"{word}.rn.f64"] = Form("f64", ("f64",), f"{word}_rn")
    for word in ("neg", "abs", "mov"):
        forms[f"{word}.f64"] = Form("f64", ("f64",), word)
    for word in ("min", "max"):
        forms[f"{word}.f64"] = Form("f64", ("f64", "f64"), word)
    for word in ("eq", "ne", "lt", "le", "gt", "ge"):
        for compare in (word, f"{word}u"):
            forms[f"setp.{compare}.f64"] = Form("pred", ("f64", "f64"), compare)
    for word in ("num", "nan"):
        forms[f"setp.{word}.f64"] = Form("pred", ("f64", "f64"), word)
    forms["fma.rn.f64"] = Form("f64", ("f64", "f64", "f64"), "fma_rn")
    forms["selp.f64"] = Form("f64", ("f64", "f64", "pred"), "selp")
    forms["mov.pred"] = Form("pred", ("pred",), "mov")
    # global memory is the memory of this process
    forms["cvta.to.global.u64"] = Form("u64", ("u64",), "mov")
    return forms


FORMS = _forms()
# Without a rounding modifier the assembler may fuse them, so the PTX does not say what they
# compute.
MAY_BE_FUSED = {
    f"{word}.{kind}": FORMS[f"{word}.rn.{kind}"] for word in ("add", "sub", "mul") for kind in BITS
}
IN_MEMORY = ("f32", "f64", *INTEGERS)
# newer compilers name the order and the scope, which sums of integers do not depend on
SUMS = {f"atom.{how}global.add.u32": "u32" for how in ("", "relaxed.gpu.")}
LOADS = {f"ld.{space}.{kind}": (space, kind) for space in ("global", "param") for kind in IN_MEMORY}
STORES = {f"st.global.{kind}": kind for kind in IN_MEMORY}
# without a space an address is generic: here the same as a global one, as there is no other memory
LOADS |= {f"ld.{kind}": ("global", kind) for kind in IN_MEMORY}
STORES |= {f"st.{kind}": kind for kind in IN_MEMORY}


@cache
def translate(ptx: str, *, may_be_fused: bool = False) -> str:
    """C++ of the kernels in `ptx`, with an entry point run_NAME for each as cuda_shim.h makes it.

    Parameters
    ----------
    ptx : str
        What NVRTC wrote.
    may_be_fused : bool
        Whether to take add.f64 and others, which say no rounding, for those that round to nearest.

    Raises
    ------
    PtxError
        With the number and the text of the first line that is not known.
    """
    text = re.sub(r"[ \t]*//.*", "", ptx)
    forms = FORMS | MAY_BE_FUSED if may_be_fused else FORMS
    kernels, end = [], 0
    for match in KERNEL.finditer(text):
        _each_line(text, end, match.start(), _header)
        kernel = _Kernel(match["name"], match["param"], int(match["size"]), forms)
        _each_line(text, match.start("body"), match.end("body"), kernel.read)
        kernels.append(kernel.cpp())
        end = match.end()
    _each_line(text, end, len(text), _header)
    if not kernels:
        raise PtxError("no kernel in this PTX")
    return "\n".join([*(Path(__file__).with_name(name).read_text() for name in SHIMS), *kernels])


def _each_line(text, start, end, read):
    """Hand each line of text[start:end] with its number to `read`."""
    first = text.count("\n", 0, start) + 1
    for number, line in enumerate(text[start:end].split("\n"), first):
        line = line.strip()
        if line:
            try:
                read(line, number)
            except PtxError as error:
                raise PtxError(f"PTX line {number}: {error}: {line}") from None


def _header(line, number):
    if not HEADER.fullmatch(line):
        raise PtxError(
            "not known outside a kernel, or the beginning of a kernel of a form that is not known"
        )


class _Kernel:
    """A kernel as it is read, line by line."""

    def __init__(self, name, param, size, forms):
        self.name, self.param, self.size, self.forms = name, param, size, forms
        self.registers = {}  # the letters that the names begin with -> (type, how many)
        self.labels = set()
        self.branches = []  # (label, line number)
        self.statements = []

    def cpp(self):
        for label, number in self.branches:
            if label not in self.labels:
                raise PtxError(f"PTX line {number}: no label ${label} in {self.name}")
        return "\n".join(
            [
                f"struct {self.name}_job {{ alignas(8) unsigned char bytes[{self.size}]; }};",
                f"static void {self.name}(const {self.name}_job& job) {{",
                *(
                    f"    {kind} "
                    + ", ".join(f"v_{letters}{number} = unset<{kind}>()" for number in range(count))
                    + ";"
                    for letters, (kind, count) in self.registers.items()
                ),
                *self.statements,
                "}",
                f"RUN_ON_CPU({self.name}, {self.name}_job)\n",
            ]
        )

    def read(self, line, number):
        if declaration := DECLARATION.fullmatch(line):
            self._declare(*declaration.groups())
        elif label := LABEL.fullmatch(line):
            if label[1] in self.labels:
                raise PtxError("this label is there already")
            self.labels.add(label[1])
            self.statements.append(f"{label[1]}:;")
        elif line == '.pragma "nounroll";':
            return  # how to compile a loop, not what it does
        elif instruction := INSTRUCTION.fullmatch(line):
            operands = [operand.strip() for operand in (instruction["operands"] or "").split(",")]
            statement = self._statement(
                instruction["opcode"], [] if operands == [""] else operands, number
            )
            guard = (
                f"if ({instruction['negated']}{self._register(instruction['guard'], 'pred')}) "
                if instruction["guard"]
                else ""
            )
            self.statements.append(f"    {guard}{statement};")
        else:
            raise PtxError("neither an instruction, a label nor registers as they are known here")

    def _declare(self, kind, letters, count):
        if kind not in REGISTERS:
            raise PtxError(f"registers of type .{kind} are not known")
        if letters in self.registers:
            raise PtxError(f"registers %{letters} are there already")
        self.registers[letters] = (kind, int(count))

    def _statement(self, opcode, operands, number):
        if opcode == "ret":
            self._count(operands, 0)
            return "return"
        if opcode in ("bra", "bra.uni"):
            self._count(operands, 1)
            label = operands[0].removeprefix("$")
            self.branches.append((label, number))
            return f"goto {label}"
        if opcode in LOADS:
            self._count(operands, 2)
            return self._load(*LOADS[opcode], operands[0], operands[1], number)
        if opcode in STORES:
            self._count(operands, 2)
            return self._store(STORES[opcode], operands[0], operands[1], number)
        if opcode in SUMS:
            self._count(operands, 3)
            kind = SUMS[opcode]
            address, value = self._address(operands[1], "global"), self._value(operands[2], kind)
            return self._set(operands[0], kind, f"sum_global<{kind}>({address}, {value}, {number})")
        if opcode in MAY_BE_FUSED and opcode not in self.forms:
            raise PtxError(f"{opcode} says no rounding, and the assembler may fuse it with another")
        if opcode not in self.forms:
            raise PtxError(f"instruction {opcode} is not known")
        form = self.forms[opcode]
        self._count(operands, 1 + len(form.operands))
        values = ", ".join(
            self._value(operand, kind)
            for operand, kind in zip(operands[1:], form.operands, strict=True)
        )
        return self._set(operands[0], form.result, f"{form.function}({values})")

    def _count(self, operands, wanted):
        if len(operands) != wanted:
            raise PtxError(f"{len(operands)} operands instead of {wanted}")

    def _load(self, space, kind, register, address, number):
        where = "job, " if space == "param" else ""
        return self._set(
            register,
            kind,
            f"load_{space}<{kind}>({where}{self._address(address, space)}, {number})",
            wider=True,
        )

    def _store(self, kind, address, register, number):
        if register.startswith("%"):
            value = _converted(
                self._register(register, kind, wider=True), self._type(register), kind
            )
        else:  # a constant
            value = self._value(register, kind)
        return f"store_global<{kind}>({self._address(address, 'global')}, {value}, {number})"

    def _address(self, text, space):
        address = ADDRESS.fullmatch(text)
        if not address:
            raise PtxError(f"{text} is not an address of a known form")
        offset = f"b64({int(address['offset'] or 0)}ll)"
        if space == "param" and address["base"] == self.param:
            return offset
        return f"{self._register(address['base'], 'b64')} + {offset}"

    def _set(self, register, kind, value, wider=False):
        return (
            f"{self._register(register, kind, wider)} = "
            f"{_converted(value, kind, self._type(register))}"
        )

    def _value(self, text, kind):
        """An operand that is read as `kind`."""
        if text in SPECIAL and kind in ("u32", "b32"):
            return f"{kind}({SPECIAL[text]})"
        if text == self.param and kind in ("u64", "b64"):
            return f"{kind}(0)"  # the space of parameters begins there
        for real, bits in BITS.items():
            if kind in (real, bits) and (number := FLOATS[real].fullmatch(text)):
                return _converted(f"{bits}(0x{number[1]}ull)", bits, kind)
        if INTEGER.fullmatch(text) and kind not in BITS:
            return f"{kind}({_integer(text, kind)})"
        return _converted(self._register(text, kind), self._type(text), kind)

    def _register(self, text, kind, wider=False):
        """The name in C++ of a register that may hold a `kind`."""
        found = self._type(text)
        fits = REGISTERS[found] == WIDTH[kind] or (
            wider and kind not in BITS and REGISTERS[found] > WIDTH[kind]
        )
        if not fits or (found in BITS and kind not in (found, BITS[found])):
            raise PtxError(f"{text} is a register of type .{found}, which holds no .{kind}")
        return text.replace("%", "v_")  # not the name of a type

    def _type(self, text):
        name = REGISTER.fullmatch(text)
        if not name:
            raise PtxError(f"operand {text} is not known")
        kind, count = self.registers.get(name[1], (None, 0))
        if int(name[2]) >= count:
            raise PtxError(f"register {text} is not declared")
        return kind


def _converted(value, given, wanted):
    """A value of the type `given`, in C++, as one of the type `wanted`."""
    return (
        value if given.replace("u", "b") == wanted.replace("u", "b") else f"as<{wanted}>({value})"
    )


def _integer(text, kind):
    """An integer in C++, which has the bits of `text` in `kind`."""
    value, width = int(text, 0), WIDTH[kind]
    if kind == "pred":
        if value not in (-1, 0, 1):
            raise PtxError(f"{text} is no predicate")
        return str(abs(value))
    if not -(1 << (width - 1)) <= value < 1 << width:
        raise PtxError(f"{text} does not fit into .{kind}")
    return f"0x{value % (1 << width):x}ull"
