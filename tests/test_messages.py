"""Values in error messages are printable and short."""

from gpuprop.messages import printable, shortened, shown

DEEP: list = []
for _ in range(10_000):
    DEEP = [DEEP]


def test_characters_that_a_terminal_acts_on_are_escaped():
    assert printable("a\tb\u2028c\ud800\x1b") == r"a\tb\u2028c\ud800\x1b"
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"


def test_a_text_is_cut_at_its_length():
    assert shortened("x" * 10, 10) == "x" * 10 and shortened("x" * 11, 10) == "x" * 7 + "..."


def test_any_value_is_shown_in_short():
    nested = {"a" * 99: {"b" * 99: "c" * 99}}
    for value in (
        None,
        "x" * 10**6,
        10**200,
        10**5000,
        [10**5000],
        DEEP,
        list(range(10**6)),
        nested,
        b"x" * 999,
        object(),
    ):
        assert 0 < len(shown(value)) <= 60 and len(shown(value, 20)) <= 20
