"""Charts in the service's own templates, with the texts of its pages."""

from flask import Flask, render_template_string

from service.web.charts.data_table import layout_table
from service.web.charts.items import RangeBar
from service.web.charts.range_chart import layout_range_chart

PAGE = """{% from "charts/_range_chart.html" import range_chart with context %}
{%- from "charts/_legend.html" import data_table with context %}
{{- range_chart(chart, "<b>") }}{{ data_table(table) }}"""


def test_a_page_of_the_service_can_draw_charts(app: Flask) -> None:
    bars = [RangeBar("a", "Plekhovo", "at least 30", 30, None)]
    with app.test_request_context("/"):
        page = render_template_string(
            PAGE, chart=layout_range_chart(bars), table=layout_table(bars)
        )
    assert "&lt;b&gt;" in page and "How to read it" in page and "<table" in page
