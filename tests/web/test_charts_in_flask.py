"""Charts inside the service itself: found by its templates, with the texts of its pages."""

from flask import Flask, render_template_string

from service.web.charts.bars import Bar
from service.web.charts.range_chart import ranges

PAGE = """{% from "charts/_range_chart.html" import ranges with context %}
{%- from "charts/_legend.html" import key, table with context %}
{{- ranges(chart, "<b>") }}{{ key(chart) }}{{ table(bars) }}"""


def test_a_page_of_the_service_can_draw_charts(app: Flask) -> None:
    bars = [Bar("a", "Plekhovo", "at least 30", 30, None)]
    with app.test_request_context("/"):
        page = render_template_string(PAGE, chart=ranges(bars), bars=bars)
    assert "&lt;b&gt;" in page and "How to read it" in page and "<table>" in page
