"""The code of a frame: what is copied is what is shown, whatever names say."""

import html
import re
from dataclasses import replace
from html.parser import HTMLParser

from flask.testing import FlaskClient

from service import create_app
from service.settings import Settings
from tests.conftest import SendRequest
from tests.support import bodies
from tests.web.test_place_page import send_killed


class Frames(HTMLParser):
    """The attributes of all frames of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.frames: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "iframe":
            self.frames.append(dict(attrs))


def read_code(page: str) -> dict[str, str | None]:
    """Return the attributes of the frame that the page offers for copying."""
    found = re.search(r'<textarea id="code"[^>]* readonly[^>]*>(.*?)</textarea>', page, re.S)
    assert found
    code = Frames(html.unescape(found[1]))
    assert code.tags == ["iframe"]
    return code.frames[0]


def test_the_page_of_a_subject_leads_to_the_code(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"exactly": 4})
    page = client.get("/place/plekhovo?outcomes=killed").get_data(as_text=True)
    assert 'href="../embed/code?outcomes=killed&amp;place=plekhovo"' in page or (
        'href="../embed/code?place=plekhovo&amp;outcomes=killed"' in page
    )


def test_the_code_is_of_the_frame_that_is_shown(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"exactly": 4})
    answer = client.get("/embed/code?place=plekhovo")
    page = answer.get_data(as_text=True)
    code, (shown,) = read_code(page), Frames(page).frames
    assert code["src"] == "http://localhost/embed?place=plekhovo&chart=parts"
    assert shown["src"] == "../embed?place=plekhovo&chart=parts"
    assert code["title"] == shown["title"] and str(code["title"]).startswith("4 people killed in")
    assert code["height"] == shown["height"]
    assert "frame-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    frame = client.get(str(code["src"]))
    assert frame.status_code == 200
    assert "frame-ancestors *" in frame.headers["Content-Security-Policy"]
    assert "<nav" not in frame.get_data(as_text=True)


def test_a_name_cannot_end_the_code(client: FlaskClient, send: SendRequest) -> None:
    name = '"></iframe></textarea><script>alert(1)</script>'
    send_killed(send, {"exactly": 4}, places=[bodies.make_place("p", name=name)])
    page = client.get("/embed/code?place=p").get_data(as_text=True)
    assert name in str(read_code(page)["title"])
    assert "<script>alert" not in page


def test_charts_can_be_chosen(client: FlaskClient, send: SendRequest) -> None:
    send_killed(send, {"exactly": 4})
    page = client.get("/embed/code?place=plekhovo&chart=times").get_data(as_text=True)
    assert "chart=times" in str(read_code(page)["src"])
    assert 'href="../embed/code?place=plekhovo&amp;chart=parts"' in page
    assert "chart=map" not in page  # The place has no point.
    # A chart that is not there, or is none for a frame, is another one.
    for chart in ("map", "card"):
        page = client.get(f"/embed/code?place=plekhovo&chart={chart}").get_data(as_text=True)
        assert "chart=parts" in str(read_code(page)["src"])


def test_the_state_of_the_record_can_be_chosen(client: FlaskClient, send: SendRequest) -> None:
    seq = send_killed(send, {"exactly": 4})
    page = client.get("/embed/code?place=plekhovo").get_data(as_text=True)
    pinned = f"../embed/code?place=plekhovo&amp;as_of={seq}"
    assert f'href="{pinned}"' in page
    page = client.get(html.unescape(pinned).removeprefix("..")).get_data(as_text=True)
    assert f"as_of={seq}" in str(read_code(page)["src"])
    assert 'href="../embed/code?place=plekhovo"' in page


def test_without_a_chart_there_is_no_code(client: FlaskClient) -> None:
    page = client.get("/embed/code").get_data(as_text=True)
    assert "There is no such chart" in page and "<iframe" not in page
    assert client.get("/embed/code?nonsense=1").status_code == 422


def test_the_address_is_the_public_one(settings: Settings, send: SendRequest) -> None:
    send_killed(send, {"exactly": 4})
    public = create_app(replace(settings, public_url="https://example.org/figures/")).test_client()
    page = public.get("/embed/code?place=plekhovo").get_data(as_text=True)
    assert str(read_code(page)["src"]).startswith("https://example.org/figures/embed?")
