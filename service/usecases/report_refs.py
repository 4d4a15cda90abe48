"""Reports by their refs: links to other reports, and reports that are sent again."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from service.domain.errors import ConflictError, ErrorDetail, InvalidInputError, summarize_errors
from service.domain.report import OWN_INCIDENT, Report, without_shared_event
from service.domain.submission import ReportRef, Submission
from service.store.codec import hash_content
from service.store.report_lookup import ReportHead
from service.usecases.normalized_submissions import NormalizedSubmission
from service.usecases.resolve_entities import make_unknown_id_message
from service.usecases.submission_lookups import SubmissionLookups


def resolve_refs(
    item: NormalizedSubmission, lookups: SubmissionLookups, *, supersede_known: bool = False
) -> tuple[Report, str | None]:
    """Return the report with the ids of its links, and the id of the same report if it is known.

    A known report has the same ref and the same content. Links are the same if they were resolved
    from the same ref, even if another report has that ref by now. With ``supersede_known`` the
    report supersedes the one that has its ref.

    Raises InvalidInputError for a link to a ref that nothing has, and ConflictError if the ref of
    the report is used with other content, unless the report supersedes the one that has it.
    """
    report = item.report
    targets = _find_link_targets(item.submission, report, lookups)
    links: dict[str, Any] = {name: found[0].id for name, found in targets.items()}
    if links:
        report = replace(report, **links)
    if report.ref is None:
        return report, None
    with_ref = _find_by_ref(ReportRef(report.ref), report.reporter, lookups)
    if not with_ref:
        return report, None
    current = with_ref[0]
    if report.supersedes is None:
        # A report that the service let supersede the one with its ref is the same without the link.
        targets["supersedes"] = with_ref
    may_supersede = supersede_known and report.supersedes is None
    for stored in [current] if may_supersede else with_ref:
        if _has_same_content(report, stored, targets, lookups):
            return report, stored.id
    if report.supersedes == current.id:
        return report, None
    if may_supersede and current.superseded_by is None:
        return replace(report, supersedes=current.id), None
    raise _make_conflict(current)


def _find_link_targets(
    submission: Submission, report: Report, lookups: SubmissionLookups
) -> dict[str, list[ReportHead]]:
    """Return, for each link that was sent as a ref, the reports that have the ref."""
    targets: dict[str, list[ReportHead]] = {}
    errors = []
    for name in ("relays", "supersedes"):
        link: ReportRef | None = getattr(submission, f"{name}_ref")
        if link is None:
            continue
        reporter = link.reporter or report.reporter
        targets[name] = _find_by_ref(link, reporter, lookups)
        if targets[name]:
            continue
        if link.reporter is not None and lookups.entities.get("reporter", reporter) is None:
            detail = make_unknown_id_message(lookups.entities, "reporter", reporter)
        else:
            detail = f"{reporter} has no report with the ref {link.ref}."
        errors.append(ErrorDetail(f"/{name}", detail))
    if errors:
        raise InvalidInputError(summarize_errors(errors), tuple(errors))
    return targets


def _find_by_ref(link: ReportRef, reporter: str, lookups: SubmissionLookups) -> list[ReportHead]:
    reporters = lookups.entities.list_equivalent_ids("reporter", reporter)
    return lookups.reports.find_by_ref(reporters, link.ref)


def _has_same_content(
    report: Report,
    stored: ReportHead,
    targets: dict[str, list[ReportHead]],
    lookups: SubmissionLookups,
) -> bool:
    """Whether the report is the stored one; a link may be to any report that has the same ref.

    A report of an earlier release, in which each figure was an own event, has the same content as
    one in which the figures share their event.
    """
    links: dict[str, Any] = {}
    for name, found in targets.items():
        stored_link: str | None = getattr(stored, name)
        if _is_link_to(stored_link, found):
            links[name] = stored_link
    report = replace(report, **links)
    if hash_content(report) == stored.content_hash:
        return True
    if hash_content(without_shared_event(report)) != stored.content_hash:
        return False
    recorded = lookups.get_report(stored.id)
    return recorded is not None and recorded.report.incident == OWN_INCIDENT


def _is_link_to(report_id: str | None, found: Sequence[ReportHead]) -> bool:
    return any(each.id == report_id for each in found)


def _make_conflict(current: ReportHead) -> ConflictError:
    if current.superseded_by is None:
        report_id = current.id
        detail = (
            f"The reporter's report {report_id} has this ref with other content; to replace it,"
            f' send "supersedes": "{report_id}", or send the request with known=supersede.'
        )
    else:
        report_id = current.superseded_by
        detail = (
            f"The reporter's report {current.id} has this ref with other content and is superseded"
            f' by {report_id}, which has another ref; to replace that, send "supersedes":'
            f' "{report_id}" and its ref, or no ref.'
        )
    return ConflictError(detail, (ErrorDetail("/ref", detail, report_id),))
