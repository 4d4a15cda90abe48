"""Exports: which reports a file has, and in which state of the record."""

from typing import Any

from marshmallow import post_load

from schemas.as_of import AsOf
from schemas.csv_form import ABOUT, BOM, CsvForm, pop_csv_form
from schemas.list_queries import ReportFilters, pop_shared_filters
from service.domain.list_queries import ReportListQuery


class ExportParameters(ReportFilters):
    """The parameters of an export: the filters of lists of reports, and the state."""

    as_of = AsOf(
        metadata={
            "description": "Export the reports as they were after this `seq`, or at this timestamp "
            "in UTC. Default: now."
        }
    )
    bom = BOM
    about = ABOUT

    @post_load
    def load_query(self, data: dict[str, Any], **kwargs: Any) -> tuple[ReportListQuery, CsvForm]:
        """Return the query of the reports, and the form of a CSV."""
        form = pop_csv_form(data)
        return ReportListQuery(**pop_shared_filters(data), **data), form
