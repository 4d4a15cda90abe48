"""Examples for the OpenAPI document and docs/api.md; the service accepts each as it is."""

from typing import Any, Final

_REPORT_BODY: Final[dict[str, Any]] = {
    "reporter": {
        "id": "ua-hur",
        "name": "Defence Intelligence of Ukraine",
        "kind": "intelligence_service",
        "party": True,
    },
    "ref": "hur-2024-12-16-1",
    "published_at": "2024-12-16",
    "quote": "at least 30 soldiers were killed or wounded",
    "period": {"from": "2024-12-14", "to": "2024-12-15"},
    "places": [{"id": "plekhovo", "name": "Plekhovo"}, {"id": "vorozhba", "name": "Vorozhba"}],
    "groups": [{"id": "dprk-forces", "name": "North Korean (DPRK) forces"}],
    "figures": [
        {"outcomes": ["killed", "wounded"], "wording": "at least 30"},
        {"outcomes": ["missing"], "low": 3, "places": ["vorozhba"]},
    ],
    "caveats": ["not_independently_verified"],
}

_REPORT_LINE: Final = (
    '{"reporter":{"id":"us-dod","name":"Department of Defense"},"places":["plekhovo"],'
    '"period":{"from":"2024-12-14","to":"2024-12-17"},'
    '"figures":[{"outcomes":["killed","wounded"],"wording":"several hundred"}]}\n'
)

_JSON_MEDIA_TYPE: Final = "application/json"

BODY_EXAMPLES: Final[dict[tuple[str, str], Any]] = {
    ("post_preview", _JSON_MEDIA_TYPE): _REPORT_BODY,
    ("post_report", _JSON_MEDIA_TYPE): _REPORT_BODY,
    ("post_batch", _JSON_MEDIA_TYPE): {"reports": [_REPORT_BODY]},
    ("post_batch", "application/x-ndjson"): _REPORT_LINE,
    ("post_retraction", _JSON_MEDIA_TYPE): {"reason": "The ministry withdrew its statement."},
    ("post_redaction", _JSON_MEDIA_TYPE): {"reason": "A victim is named.", "fields": ["/quote"]},
    ("post_wording", _JSON_MEDIA_TYPE): {"text": "at least 30 soldiers were killed or wounded"},
    ("post_import", _JSON_MEDIA_TYPE): {
        "file": "events-2024.csv",
        "file_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "mapping": "A register of events",
        "mapping_sha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    },
    ("post_completion", _JSON_MEDIA_TYPE): {
        "added": 118,
        "revised": 4,
        "known": 960,
        "skipped": 12,
        "refused": 2,
        "retracted": 1,
    },
    ("post_table_preview", _JSON_MEDIA_TYPE): {
        "file": "claims.csv",
        "content": "id,reporter,from,to,country,place,side,words,url\n"
        "7,A Register,2024-12-14,2024-12-15,Russia,Plekhovo,,at least 30 killed,\n",
        "map": "infobox",
    },
    ("post_withdrawal", _JSON_MEDIA_TYPE): {"reason": "The file was a draft."},
    ("put_place", _JSON_MEDIA_TYPE): {
        "name": "Plekhovo",
        "kind": "village",
        "aliases": ["Pliekhovo", "Plyokhovo"],
        "latitude": 51.1,
        "longitude": 35.4,
        "country": "RU",
    },
    ("put_group", _JSON_MEDIA_TYPE): {"name": "North Korean (DPRK) forces", "parent": "everyone"},
    ("put_reporter", _JSON_MEDIA_TYPE): {"name": "Defence Intelligence of Ukraine", "party": True},
    ("merge_place", _JSON_MEDIA_TYPE): {"into": "vorozhba"},
    ("merge_group", _JSON_MEDIA_TYPE): {"into": "everyone"},
    ("merge_reporter", _JSON_MEDIA_TYPE): {"into": "us-dod"},
}
"""Request bodies by operation and media type."""

ID_EXAMPLES: Final = {
    "reports": "mfrggzdfmztwq2lk",
    "places": "plekhovo",
    "groups": "dprk-forces",
    "reporters": "ua-hur",
    "imports": "ojsxg33vojrwk3th",
    "exports": "figures.csv",
}
"""Ids and names in addresses, by the segment before them."""

PARAMETER_EXAMPLES: Final[dict[str, Any]] = {
    "place": ["plekhovo"],
    "group": ["dprk-forces"],
    "reporter": ["ua-hur"],
    "exclude_reporter": ["us-dod"],
    "state": ["live"],
    "from": "2024-12-14",
    "to": "2024-12-15",
    "outcomes": ["killed"],
    "q": "Plekhovo",
    "as_of": "1",
    "by": ["day"],
    "since": 0,
    "limit": 100,
    "Idempotency-Key": "0b6e5f7c-6d1e-4d0b-9f6f-2f4c5b1f7a10",
    "If-Match": '"b1946ac92492d2347c6235b4d2611184"',
    "If-None-Match": '"b1946ac92492d2347c6235b4d2611184"',
}
"""Values of parameters, by name."""

QUERY_EXAMPLES: Final[dict[str, dict[str, str]]] = {
    "get_totals": {
        "place": "plekhovo,vorozhba",
        "from": "2024-12-14",
        "to": "2024-12-15",
        "outcomes": "killed,wounded",
    },
    "get_totals_of_place": {
        "from": "2024-12-14",
        "to": "2024-12-15",
        "outcomes": "killed,wounded",
        "explain": "true",
    },
    "list_reports": {"place": "plekhovo", "from": "2024-12-14", "to": "2024-12-15", "limit": "1"},
    "list_places": {"q": "plekh"},
    "get_changes": {"since": "4", "limit": "1"},
}
"""The query strings of the worked examples in docs/api.md; those of other operations are empty."""
