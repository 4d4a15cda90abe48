"""Submissions with what follows from them alone, before the record is looked at."""

from typing import NamedTuple

from service.domain.normalize import normalize_submission
from service.domain.report import Report
from service.domain.submission import Submission
from service.store.encoded_reports import EncodedReport, encode_report


class NormalizedSubmission(NamedTuple):
    """A submission, the normalized report, and that report as the record would contain it."""

    submission: Submission
    report: Report
    encoded: EncodedReport


def normalize(submission: Submission, report_id: str) -> NormalizedSubmission:
    """Return the submission with its report, which gets the id; raises InvalidInputError."""
    report = normalize_submission(submission, report_id)
    return NormalizedSubmission(submission, report, encode_report(report))
