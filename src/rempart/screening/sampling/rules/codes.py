"""The code by which a registration that a person made herself is picked up: ten signs, the last one a key.

No vowel and no sign that looks like another: nothing that reads as a word, and little to mistype. Nine of 29 signs are
10¹³ codes; the key lets a mistyped one be told before it counts as a try.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

ALPHABET = "BCDFGHJKLMNPQRSTVWXYZ23456789"  # 29 of them, a prime: the key finds two that changed places
_BODY = 9


def new_code(choose: Callable[[Sequence[str]], str]) -> str:
    """A new code; `choose` picks one of several at random, such as secrets.choice."""
    body = "".join(choose(ALPHABET) for _ in range(_BODY))
    return body + _key(body)


def read(text: str) -> str:
    """The code that was scanned or typed, in capitals and without what separates; empty when it is none."""
    code = "".join(sign for sign in text.upper() if sign in ALPHABET)
    strange = [sign for sign in text if sign.isalnum() and sign.upper() not in ALPHABET]
    good = len(code) == _BODY + 1 and not strange and _key(code[:_BODY]) == code[_BODY]
    return code if good else ""


def grouped(code: str) -> str:
    """A code as people read it: XXXXX-XXXXX."""
    return f"{code[:5]}-{code[5:]}"


def _key(body: str) -> str:
    total = sum(rank * ALPHABET.index(sign) for rank, sign in enumerate(body, start=2))
    return ALPHABET[total % len(ALPHABET)]
