"""Every response has the security headers."""

import pytest
from flask import Flask


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/v1/reports", 200),
        ("GET", "/v1/openapi.json", 200),
        ("GET", "/livez", 200),
        ("GET", "/docs", 200),
        ("GET", "/assets/0/page.css", 200),
        ("OPTIONS", "/v1/reports", 200),
        ("GET", "/docs/", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/v1/reports/nowhere", 404),
        ("DELETE", "/v1/reports", 405),
        ("POST", "/v1/reports", 401),
        ("GET", "/v1/reports?x=1", 422),
        ("GET", "/defect", 500),
    ],
)
def test_every_answer_carries_security_headers(
    app: Flask, method: str, address: str, status: int
) -> None:
    app.add_url_rule("/defect", "defect", lambda: 1 // 0)
    with app.test_client().open(address, method=method) as answer:
        assert answer.status_code == status
        headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "X-Request-ID" in headers
    assert len(headers.getlist("Content-Security-Policy")) == 1
