"""Check whether a catalogue ends at the end of a record.

If not, it was cut off, and a reader might not notice it.
"""

import re

COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)[\s>]")
TLE_WIDTH = 69
# Bytes at both ends of an XML in which its root is searched; to remove comments from the whole text
# could take quadratic time.
ENDS = 4 << 10
LAST_LINES = 64 << 10  # bytes at the end of a TLE file that are searched for its last line


def unfinished(kind: str, text: bytearray) -> str:
    """Say in the middle of what the text ends: "a line", "an element set" ...; empty if complete.

    Parameters
    ----------
    kind : str
        The format that recognise.format_of found: tle, csv, json, xml or kvn.
    text : bytearray
        The whole text, with LF line ends, as source.load gives it.

    Returns
    -------
    str
        Empty if the text ends at the end of a record.

    Notes
    -----
    A CSV or KVN whose last line has no line end is unfinished: the last digits of its last number
    could be missing. A cut between two records of a CSV or TLE, or between two lines of a KVN,
    cannot be seen in the text.
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
            (
                line
                for line in reversed(bytes(end[-LAST_LINES:]).split(b"\n"))
                if line.strip() and not line.lstrip().startswith(b"#")
            ),
            b"",
        )
        if not last.startswith(b"2 "):
            return "an element set"
        return "" if end.endswith(b"\n") or len(last.rstrip()) >= TLE_WIDTH else "a line"
    return "" if end.endswith(b"\n") else "a line"
