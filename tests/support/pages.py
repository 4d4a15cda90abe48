"""Pages as text, for tests without a browser."""

import html
import re

from flask.testing import FlaskClient


def read_page(client: FlaskClient, address: str, status: int = 200) -> str:
    """Return the text of a page, without markup and with single spaces."""
    answer = client.get(address)
    assert answer.status_code == status
    text = re.sub(r"<(script|title).*?</\1>", " ", answer.get_data(as_text=True), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def list_hrefs(client: FlaskClient, address: str, beginning: str) -> list[str]:
    """Return the addresses that the page links to and that begin so, in their order."""
    page = client.get(address).get_data(as_text=True)
    found = re.findall(r'href="([^"]*)"', page)
    return [html.unescape(each) for each in found if each.startswith(beginning)]
