"""Whether a catalogue ends where a record ends: one that was cut off can otherwise be read without a word."""

import re

COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)[\s>]")
TLE_WIDTH = 69
ENDS = 4 << 10  # bytes at both ends of an XML in which its root is looked for: to remove comments takes a quadratic time at worst
LAST_LINES = 64 << 10  # bytes at the end of a TLE


def unfinished(kind: str, text: bytearray) -> str:
    """What the text ends in the middle of: "a line", "an element set" ...; empty if it ends where a record ends.

    Parameters
    ----------
    kind : str
        The format, as recognise.format_of tells it: tle, csv, json, xml or kvn.
    text : bytearray
        The whole text, with LF line ends, as source.load gives it.

    Notes
    -----
    A CSV or KVN whose last line has no line end is unfinished: the last digits of its last number could be missing. A cut between two
    records of a CSV or TLE, or between two lines of a KVN, cannot be told from the text.
    """
    end = text.rstrip(b" \t\0\x1a")
    if kind == "json":
        bracket = b"]" if text.lstrip().startswith(b"[") else b"}"
        return "" if end.rstrip().endswith(bracket) else "its JSON"
    if kind == "xml":
        root = ROOT.search(COMMENT.sub(b"", text[:ENDS]))
        last_tag = rb"</" + re.escape(root[1]) + rb"\s*>\s*$" if root else rb"$"
        return "" if re.search(last_tag, COMMENT.sub(b"", text[-ENDS:])) else "its XML"
    if kind == "tle":
        last = next(
            (line for line in reversed(bytes(end[-LAST_LINES:]).split(b"\n")) if line.strip() and not line.lstrip().startswith(b"#")), b""
        )
        if not last.startswith(b"2 "):
            return "an element set"
        return "" if end.endswith(b"\n") or len(last.rstrip()) >= TLE_WIDTH else "a line"
    return "" if end.endswith(b"\n") else "a line"
