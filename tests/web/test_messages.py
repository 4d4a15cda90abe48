"""Every text that a page asks for by a literal key is in the catalogue."""

import re

from service.web.messages import load_catalogue
from tests.support.paths import ROOT

WEB = ROOT / "service" / "web"
_LITERAL_KEY = re.compile(r"""\b(?:t|plain_text|markup)\(\s*["']([a-z_.0-9]+)["']\s*[,)]""")


def test_every_literal_key_is_in_the_catalogue() -> None:
    paths = [*WEB.rglob("*.py"), *(WEB / "templates").rglob("*")]
    used = {
        key
        for path in paths
        if path.is_file()
        for key in _LITERAL_KEY.findall(path.read_text(encoding="utf-8"))
    }
    assert len(used) > 200
    assert used <= load_catalogue().keys(), used - load_catalogue().keys()
