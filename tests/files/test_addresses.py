"""Addresses in messages: no secret is in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpuprop.files.addresses import NOT_SHOWN, shown_url

GP = "https://celestrak.org/NORAD/elements/gp.php"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"{GP}?GROUP=active&FORMAT=csv", f"{GP}?GROUP=active&FORMAT=csv"),
        ("https://host:8080/a?key=SECRET;GROUP=x#SECRET", "https://host:8080/a?key=***&GROUP=x"),
        ("https://[::1]/a?SECRET==", "https://[::1]/a?***"),
        ("https://me:SECRET@host/a", "https://***@host/a"),
        ("https:/me:SECRET@host/a", "https:/***@host/a"),
        ("s3://key:SEC/RET@bucket/out", "s3://***@bucket/out"),
        ("s3://key:SEC?RET@bucket/out", "s3://***"),
        ("https://host/a?t=SEC@RET", "https://***"),
        ("https://host:SECRET/a", "https://***"),
        ("file:///tmp/active.csv", "file:///tmp/active.csv"),
        ("https://host/\x1b[31mSECRET", NOT_SHOWN),
        ("//me:SECRET@host", NOT_SHOWN),
    ],
)
def test_what_is_shown_of_an_address(url: str, shown: str) -> None:
    assert shown_url(url) == shown


@given(
    st.sampled_from(["http://", "https:/", "s3://", "sftp://", "file:", "//", ""]),
    st.sampled_from(
        [
            "me:{}@host/p",
            "{}@host/p",
            "me:{}/@host",
            "host/p?t={}",
            "host/p?{}",
            "host/p?a=b&t={}&GROUP=x",
            "host#{}",
            "host?GROUP=x#{}",
        ]
    ),
    st.text("abcXYZ019%/+=?#@: .", max_size=12),
)
def test_no_secret_is_shown(scheme: str, rest: str, middle: str) -> None:
    """Wherever a login, a token or a fragment may be, and whatever characters are in it."""
    assert "S3cret" not in shown_url(scheme + rest.format(f"S3cret{middle}S3cret"))
