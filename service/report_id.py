"""Ids of reports: random, in letters and digits that can be read aloud."""

import secrets
from base64 import b32encode


def make_report_id() -> str:
    """Return a new id of 16 letters and digits, with 80 random bits."""
    return b32encode(secrets.token_bytes(10)).decode().lower()
