"""The closed lists of words of the API: the name, the values and the meaning of every enum.

The OpenAPI document and docs/api.md are both written from these texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class NamedEnum:
    """A closed list of words; ``meanings`` maps each value to what it means.

    ``name`` is the component of the OpenAPI document that fields of this type refer to.
    """

    name: str
    description: str
    meanings: Mapping[str, str]

    @property
    def values(self) -> tuple[str, ...]:
        """The values in the order in which they are documented."""
        return tuple(self.meanings)


OUTCOME: Final = NamedEnum(
    "Outcome",
    "What happened to a person. Each person has exactly one outcome.",
    {
        "killed": "The person died.",
        "wounded": "The person was wounded and survived.",
        "missing": "It is not known what happened to the person.",
        "captured": "The person was taken prisoner.",
    },
)

STANCE: Final = NamedEnum(
    "Stance",
    "What a report does. A stance without figures is never read as a zero.",
    {
        "asserts": "The report gives at least one figure. This is the default.",
        "does_not_acknowledge": "The reporter does not acknowledge losses. The report has no "
        "figures and needs `places` and `period`.",
        "declines_to_say": "The reporter was asked and gave no number. The report has no figures "
        "and needs `places` and `period`.",
        "acknowledges": "The reporter acknowledges losses and gives no number. The report has no "
        "figures and needs `places` and `period`.",
    },
)

REPORT_STATE: Final = NamedEnum(
    "ReportState",
    "Whether the figures of a report are counted. Only those of live reports are.",
    {
        "live": "The figures of the report are counted.",
        "relay": "The report repeats another one (`relays`). It is stored and not counted.",
        "superseded": "A later report of the same reporter replaces it (`superseded_by`). It is "
        "not counted.",
        "retracted": "The report was withdrawn (`retraction`). It is not counted.",
    },
)

RANGE_END: Final = NamedEnum(
    "RangeEnd",
    "One end of a range of people.",
    {"low": "The fewest people.", "high": "The most people."},
)

CAVEAT_CODE: Final = NamedEnum(
    "CaveatCode",
    "The codes of the caveats that the service itself adds to a total.",
    {
        "shared_places": "A counted figure also covers places outside the query, and the total "
        "differs from `placed`.",
        "shared_period": "A counted figure also covers days outside the query, and the "
        "total differs from `placed`.",
        "shared_outcomes": "A counted figure also covers outcomes outside the query, and the "
        "total differs from `placed`.",
        "shared_groups": "A counted figure also covers groups outside the query, and the "
        "total differs from `placed`.",
        "open_above": "No upper bound is known: `high` is null. `figures` lists the counted "
        "figures that leave it open, and `text` names their reporters.",
        "follows": "No counted figure is wholly inside the query. The range, also if it is zero, "
        "follows from figures about wider or other people.",
        "running_total_step": "A bound is a difference of totals that begin on one day, or whose "
        "first day is not stated, and end on two days. It is what was added to the count in "
        "between, which may include people hurt earlier.",
        "partly_reported": "The counted figures cover only a part of the query: an outcome, a "
        "place right below the queried one, or a day of a bounded period is covered by none. "
        "`text` names or counts them.",
        "undisclosed": "A reporter acknowledges losses and withholds their number.",
        "beginning_not_stated": "A counted figure is a running total whose first day is not stated "
        "(`from` is null).",
        "same_incident_elsewhere": "Different reporters put one incident at places or days that "
        "do not meet. It may be one event told twice, or two parts of it: each low holds for all "
        "of these places and days together.",
        "not_acknowledged": "A reporter does not acknowledge losses here. That is not a zero.",
        "declined": "A reporter was asked and gave no number. That is not a zero.",
        "disputed": "Counted figures contradict each other, and that changes this total. "
        "`figures` are those set aside; `text` has the places and the days of each.",
        "approximate": "A bound rests on a word that is read by convention, such as “about” or "
        "“dozens” (see `soft` of a figure).",
        "party_to_conflict": "Figures of a party to the conflict make the low or the high. `text` "
        "says how much of each end rests on them, and `all` whether every counted figure is such.",
        "single_reporter": "Every figure that makes the low, or every one that makes the high, "
        "comes from one reporter. `text` says which end, and who.",
        "relayed": "Reports that repeat others cover the query. They were not counted.",
        "same_reporter_conflict": "One reporter's own figures contradict each other, and none of "
        "its reports replaces another.",
        "more_report_caveats": "Reports of counted figures state more than 20 different caveats of "
        "their own. Those of the most figures are listed. `text` counts the others, which are in "
        "the reports of `reports`.",
        "not_exact": "The range may be wider than the reports allow, never narrower (`exact` is "
        "false): the record is large, or the time budget ran out.",
    },
)

WARNING_CODE: Final = NamedEnum(
    "WarningCode",
    "The codes of the warnings about a recorded report. A warning never rejects the report.",
    {
        "same_reporter_conflict": "A figure of the report contradicts another figure of the same "
        "reporter, or two others together. The report may need `supersedes` or an `incident`.",
        "possible_relay": "Another reporter's report has the same words, outcomes, days and "
        "places. The report may need `relays`.",
        "ambiguous_place": "Another place below the same parent has the same name. The report may "
        "mean the other id.",
        "nested_places": "A figure names a place and another place that contains it. The figure "
        "then counts everyone in the larger one. `places`: the innermost, probably meant alone.",
        "same_place": "Another id has the same GeoNames id, P-code, Wikidata id or coordinates. If "
        "both ids name one place, its people are counted twice; an administrator can merge them.",
        "name_differs": "The report names an entity otherwise than the record, which keeps its "
        "name. The report may mean another id.",
        "group_without_facet": "A new group right below `everyone` has no `facet` and is beside "
        "other groups. It may share people with any of them, so that their figures are not added.",
        "contradicts": "A figure contradicts another reporter's figure of the same scope. Both "
        "may describe one event, or they are two events and need an `incident`.",
        "words_differ": "The wording of a figure is read otherwise than the numbers that were sent "
        "beside it. The numbers are used.",
    },
)

KNOWN_REF: Final = NamedEnum(
    "KnownRef",
    "What to do with a report whose `ref` is recorded with other content.",
    {"supersede": "The report supersedes the recorded one, as with `supersedes`."},
)

REPORT_ORDER: Final = NamedEnum(
    "ReportOrder",
    "The order of a list of reports.",
    {
        "oldest": "The report that was recorded first comes first. This is the default.",
        "newest": "The report that was recorded last comes first.",
    },
)

EXCLUSION_REASON: Final = NamedEnum(
    "ExclusionReason",
    "Why a figure in the scope of a query was not counted.",
    {
        "retracted": "Its report was withdrawn.",
        "superseded": "A later report replaces its report.",
        "relay": "Its report repeats another one.",
        "straddles": "The figure is not wholly inside the places, days and groups of the query, "
        "and the query has `straddling=exclude`.",
    },
)

IMPORT_STATE: Final = NamedEnum(
    "ImportState",
    "Whether an import goes on, or how it ended.",
    {
        "running": "It has begun, and has no completion.",
        "finished": "All rows of the file have been read.",
        "withdrawn": "Its reports are retracted.",
    },
)

ROW_END: Final = NamedEnum(
    "RowEnd",
    "What becomes of a row of a file.",
    {
        "added": "Its report is new.",
        "revised": "Its report supersedes that of an earlier edition.",
        "known": "Its report is recorded already.",
        "skipped": "It gives no report.",
        "refused": "It cannot be recorded as it is.",
    },
)

_ENTITY_KINDS: Final = ("place", "group", "reporter")

EVENT_KIND: Final = NamedEnum(
    "EventKind",
    "What happened in one event of the event log, and which fields `data` has.",
    {
        "reported": "A report was recorded. `data`: `report`, the report as it was then.",
        "superseded": "A report was replaced. `data`: `by`, the id of the report that replaces it.",
        "reclassified": "People of a figure of the report were given another outcome. `data`: "
        "`figure` (the earlier figure), `from` (the outcome there), `to` (the outcomes now), `by` "
        "(the report that states it) and `by_figure` (its figure). If a reclassification moved to "
        "another earlier figure: `instead_of` (the figure before), and the scope from then on "
        "(`places`, `period`, `groups`).",
        "retracted": "A report was withdrawn. `data`: `reason`.",
        "redacted": "Free texts of a report were erased. `data`: `fields` (JSON pointers) and "
        "`reason`.",
        "import_started": "The import of a file began. `data`: `file` (its name), `file_sha256`, "
        "`mapping` (its title) and `mapping_sha256`. `subject` is the id of the import.",
        "import_recorded": "An import recorded reports. `data`: `first` and `last`, the positions "
        "of its first and last event; `reports`, how many reports; `rows`, how many rows of the "
        "file have been read.",
        "import_finished": "An import has come to its end. `data`: how many rows were `added`, "
        "`revised`, `known`, `skipped` and `refused`, and how many reports were `retracted`.",
        "import_withdrawn": "An import was withdrawn: its reports are retracted, each with an "
        "event of its own. `data`: `reason`.",
        **{
            f"{kind}_{change}": meaning.format(kind=kind)
            for kind in _ENTITY_KINDS
            for change, meaning in (
                ("added", "A {kind} was created. `data`: all fields of the {kind}."),
                ("changed", "A {kind} was described anew. `data`: all fields of the {kind}."),
                (
                    "merged",
                    "A {kind} was merged into another. `data`: `into`, the id that names both "
                    "from then on.",
                ),
            )
        },
    },
)

BREAKDOWN: Final = NamedEnum(
    "Breakdown",
    "A dimension along which a query is broken down into parts. Parts share no people if they are "
    "places of one division, groups of one facet, outcomes or units of time; parts of `reporter` "
    "may share people.",
    {
        "place": "One part for each place right below the places of the query, of their own "
        "division; a place without such children is its own part. Without places, one for each "
        "place of the division `administrative` that is below no other.",
        "day": "One part for each day. Without `from` or `to`, the first begins and the last ends "
        "with the counted figures.",
        "week": "One part for each ISO week, clipped to the period; see `day`.",
        "month": "One part for each month, clipped to the period; see `day`.",
        "year": "One part for each year, clipped to the period; see `day`.",
        "outcome": "One part for each single outcome.",
        "group": "One part for each group right below the groups of the query, of their own facet; "
        "a group without such children is its own part. `facet` chooses another facet.",
        "reporter": "One part for each reporter, with that reporter's figures alone.",
    },
)

INCLUSION: Final = NamedEnum(
    "Inclusion",
    "Whether something is counted.",
    {"include": "It is counted.", "exclude": "It is left out."},
)

PARTY_FILTER: Final = NamedEnum(
    "PartyFilter",
    "The filter by parties to the conflict.",
    {"exclude": "Figures of reporters that are a party to the conflict are left out."},
)

BOOLEAN_TEXT: Final = NamedEnum(
    "BooleanText",
    "A switch in a query string.",
    {"true": "On.", "false": "Off. This is the default."},
)

REPORT_LIST_FORMAT: Final = NamedEnum(
    "ReportListFormat",
    "The formats of a list of reports.",
    {
        "json": "One JSON object (`application/json`). This is the default.",
        "ndjson": "One report on each line, as JSON (`application/x-ndjson`).",
        "csv": "One row for each figure (`text/csv`).",
        "geojson": "One feature for each figure (`application/geo+json`).",
    },
)

ENTITY_LIST_FORMAT: Final = NamedEnum(
    "EntityListFormat",
    "The formats of a list of places, groups or reporters.",
    {
        "json": "One JSON object (`application/json`). This is the default.",
        "csv": "One row for each place, group or reporter (`text/csv`).",
    },
)

TOTALS_FORMAT: Final = NamedEnum(
    "TotalsFormat",
    "The formats of totals.",
    {
        "json": "One JSON object (`application/json`). This is the default.",
        "csv": "One row for each part and set of outcomes (`text/csv`).",
        "geojson": "One feature for each part (`application/geo+json`); requires `by=place`.",
        "ndjson": "The rows of the CSV as JSON, one on each line (`application/x-ndjson`). It is "
        "not chosen by `Accept`.",
        "xlsx": "A spreadsheet: the rows of the CSV, the caveats, and what they are about "
        "(`application/vnd.openxmlformats-officedocument.spreadsheetml.sheet`).",
        "parquet": "The rows of the CSV (`application/vnd.apache.parquet`); only if the service "
        "was installed with pyarrow.",
    },
)

ENUMS: Final = (
    OUTCOME,
    STANCE,
    REPORT_STATE,
    RANGE_END,
    CAVEAT_CODE,
    WARNING_CODE,
    KNOWN_REF,
    REPORT_ORDER,
    EXCLUSION_REASON,
    EVENT_KIND,
    IMPORT_STATE,
    ROW_END,
    BREAKDOWN,
    INCLUSION,
    PARTY_FILTER,
    BOOLEAN_TEXT,
    REPORT_LIST_FORMAT,
    ENTITY_LIST_FORMAT,
    TOTALS_FORMAT,
)
"""All of them, in the order in which they are documented."""
