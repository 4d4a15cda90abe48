"""Ids of reports and imports, in letters and digits that can be read aloud."""

import secrets
import time
from base64 import b32hexencode
from typing import Final

_TIME_BYTES: Final = 4
"""Seconds since 1970: enough until 2106."""

_RANDOM_BYTES: Final = 6

_DIGITS: Final = bytes.maketrans(b"IJKLMNOPQRSTUV", b"JKMNPQRSTVWXYZ")
"""From the digits of RFC 4648 to those of Crockford, which leave out I, L, O and U."""


def make_report_id() -> str:
    """Return a new id of 16 letters and digits: the time in seconds, and 48 random bits.

    Later ids are greater, so that an index of them grows at its end. Those of a large record would
    otherwise each change another page. The digits are those of ULID, https://github.com/ulid/spec.
    """
    seconds = int(time.time()).to_bytes(_TIME_BYTES)
    encoded = b32hexencode(seconds + secrets.token_bytes(_RANDOM_BYTES))
    return encoded.translate(_DIGITS).decode().lower()
