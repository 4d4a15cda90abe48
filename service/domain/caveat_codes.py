"""The codes of caveats and warnings, each caveat with its meaning."""

from typing import Final

CAVEAT_MEANINGS: Final = {
    "shared_places": "A counted figure also covers other places than those asked about.",
    "shared_period": "A counted figure also covers other days than those asked about.",
    "shared_outcomes": "A counted figure also covers other outcomes than those asked about.",
    "shared_groups": "A counted figure also covers other groups than those asked about.",
    "open_above": "No ceiling is known; the figures without one are listed.",
    "follows": "No figure is wholly inside the query; the number follows from others.",
    "running_total_step": "A bound is the difference of totals that end on different days.",
    "partly_reported": "No figure covers some outcome, place or day of the query.",
    "undisclosed": "Losses were acknowledged and their number withheld.",
    "beginning_not_stated": "A counted figure does not say from when on it counts.",
    "same_incident_elsewhere": "Reporters put one incident at places or days that do not meet.",
    "not_acknowledged": "A party does not acknowledge losses here; that is not a zero.",
    "declined": "A party declined to give a number; that is not a zero.",
    "disputed": "Reports contradict each other.",
    "approximate": "A bound rests on a convention of speech.",
    "party_to_conflict": "Figures of a party to the conflict make the low or the high.",
    "single_reporter": "The figures that make the low, or the high, come from one reporter.",
    "relayed": "Reports that repeat others exist and were not counted.",
    "same_reporter_conflict": "One reporter's own figures contradict each other.",
    "more_report_caveats": "Reports state more caveats than the total lists.",
    "not_exact": "The range may be wider than what the reports allow, never narrower.",
}

WARNING_CODES: Final = (
    "same_reporter_conflict",
    "possible_relay",
    "ambiguous_place",
    "nested_places",
    "same_place",
    "name_differs",
    "group_without_facet",
    "contradicts",
    "words_differ",
)
"""The codes of questions that the service asks about a report it has recorded."""
