"""Read and write the part of Thrift's compact protocol that Parquet footers use.

A structure is {field number: (type, value)}, a list is (type of its items, items), a text is bytes.
A structure that is read and written again has the same bytes, with the fields that gpuprop does not
know. Source: thrift-compact-protocol.md of Apache Thrift.
"""

from typing import Any, TypeAlias

Struct: TypeAlias = dict[int, tuple[int, Any]]

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
LONG = 15  # in place of a length of four bits: the length follows as a varint


def decode(data: bytes) -> Struct:
    """Read a structure. ValueError if `data` is not one, or has a type that no footer has."""
    reader = _Reader(data)
    found = reader.struct()
    if reader.at != len(data):
        raise ValueError(f"{len(data) - reader.at} bytes follow the structure")
    return found


def encode(struct: Struct) -> bytes:
    """Return the bytes of a structure."""
    out = bytearray()
    _write(out, STRUCT, struct)
    return bytes(out)


class _Reader:
    """Reads values one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def byte(self) -> int:
        self.at += 1
        if self.at > len(self.data):
            raise ValueError("the structure is cut off")
        return self.data[self.at - 1]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def signed(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def take(self, size: int) -> bytes:
        self.at += size
        if self.at > len(self.data):
            raise ValueError("the structure is cut off")
        return self.data[self.at - size : self.at]

    def struct(self) -> Struct:
        found: Struct = {}
        number = 0
        while head := self.byte():
            number = number + (head >> 4) if head >> 4 else self.signed()
            kind = head & 15
            found[number] = (kind, kind == TRUE if kind in (TRUE, FALSE) else self.value(kind))
        return found

    def value(self, kind: int) -> Any:
        if kind in (TRUE, FALSE, BYTE):  # a boolean in a list has a byte
            return self.byte()
        if kind in (I16, I32, I64):
            return self.signed()
        if kind == DOUBLE:
            return self.take(8)
        if kind == BINARY:
            return self.take(self.varint())
        if kind == LIST:
            head = self.byte()
            size = self.varint() if head >> 4 == LONG else head >> 4
            return head & 15, [self.value(head & 15) for _ in range(size)]
        if kind == STRUCT:
            return self.struct()
        raise ValueError(f"type {kind} is not one of a Parquet footer")


def _varint(out: bytearray, value: int) -> None:
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _signed(out: bytearray, value: int) -> None:
    _varint(out, value << 1 if value >= 0 else (-value << 1) - 1)


def _write(out: bytearray, kind: int, value: Any) -> None:
    if kind in (TRUE, FALSE, BYTE):
        out.append(value)
    elif kind in (I16, I32, I64):
        _signed(out, value)
    elif kind == DOUBLE:
        out += value
    elif kind == BINARY:
        _varint(out, len(value))
        out += value
    elif kind == LIST:
        item_kind, items = value
        out.append(min(len(items), LONG) << 4 | item_kind)
        if len(items) >= LONG:
            _varint(out, len(items))
        for item in items:
            _write(out, item_kind, item)
    else:
        previous = 0
        for number, (field_kind, field_value) in value.items():
            is_flag = field_kind in (TRUE, FALSE)
            if is_flag:
                field_kind = TRUE if field_value else FALSE
            step = number - previous
            out.append((step << 4 if 0 < step < 16 else 0) | field_kind)
            if not 0 < step < 16:
                _signed(out, number)
            if not is_flag:
                _write(out, field_kind, field_value)
            previous = number
        out.append(0)
