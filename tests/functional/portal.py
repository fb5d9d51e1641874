"""What a person reads on the portal, in a letter, on paper."""

import re

from rempart.foundation.messaging import outbox
from rempart.proofs.inputs import find

BIRTH, WRONG_BIRTH = "28/03/1979", "29/03/1979"


def last_text(keyring) -> str:
    return next(iter(outbox.newest(keyring=keyring)))[1].text


def letters(keyring) -> list[outbox.Letter]:
    return [letter for _, letter in outbox.newest(keyring=keyring)]


def without_token(page) -> str:
    """What a page says, without the words that are new at each request."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"|nonce="[\w-]+"', "", page.content.decode())


def codes_on(paper) -> list[str]:
    return [found.text for found in find(str(paper))]
