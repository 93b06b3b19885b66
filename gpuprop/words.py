"""Numbers of things in words."""


def counted(number: int, noun: str) -> str:
    """`1 satellite`, `2,000 satellites`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
