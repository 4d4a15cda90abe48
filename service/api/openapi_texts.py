"""What the OpenAPI document and docs/api.md state about all routes together."""

from typing import Final

INTRODUCTION: Final = """\
A REST service for casualty figures. It stores reports of losses (how many people were killed,
wounded, missing or captured, where, when, according to whom) and answers with totals: the fewest
and the most people for which all counted figures can be true at once, with caveats and a proof.

## Addresses and versions

All routes of the API begin with `/v1/`. Within `/v1` an answer may gain fields; it never loses or
renames one. Ignore fields that you do not know. Links in answers (`next`, `Link`, `Location`) are
relative to the address of the request (RFC 3986), so that they also hold behind a reverse proxy
that serves the API below a path. Each resource has exactly one path: one with adjacent slashes,
with a slash at its end or with `.` as a segment is a 404, and none is redirected. A request of
HTTP/1.1 needs a valid `Host`.

## Requests and answers

- Bodies are JSON in UTF-8 with `Content-Type: application/json`, without a byte order mark and
  without `Content-Encoding`. A body has at most 1 MiB and 16 levels of nesting; a batch has at
  most 32 MiB.
- Names are in snake_case. The top level is always an object.
- Days are written `YYYY-MM-DD`, timestamps in RFC 3339 in UTC with `Z`, such as
  `2026-01-05T10:00:00Z`. Periods include their first and their last day.
- Ids have 1 to 100 lower-case letters (a-z), digits, `-` and `_`, and begin and end with a letter
  or digit.
- Counts of people are whole JSON numbers from 0 to 1,000,000,000. 30.0 is 30; 30.5, `"30"` and
  `true` are rejected.
- In a body, null in an optional field is the same as leaving the field out, unless the field
  states otherwise.
- Unknown fields and parameters, duplicate names in an object, parameters with one value that are
  given twice, empty texts, duplicate members of a list, control characters (free text may have tabs
  and line feeds), and bidirectional control characters in names are rejected.
- Where a parameter takes a list, commas and repetition are the same: `place=a,b` is
  `place=a&place=b`. Only `outcomes` is different: each repetition is a total of its own.

## Authentication

Send an API key as `Authorization: Bearer KEY`, and in no other way. A key has one scope; each
scope includes the one before it:

- `read`: all routes that read. Where reading is open, which is the default, they need no key.
- `report`: send reports, retract them, and create places, groups and reporters. A key of this
  scope can be bound to reporters; it then reports for these alone.
- `admin`: also change and merge places, groups and reporters, and erase texts.

Without a key, or with one that is unknown, revoked or expired, the answer is 401. A key whose
scope or reporters do not suffice gets 403.

## Errors

Every error is a problem (RFC 9457) in `application/problem+json`: `type`, `title`, `status`,
`detail` and, if fields, parameters or headers are wrong, `errors` with one member for each. Use
`status` and the pointers in your code; `detail` is for people and may change in any version. Every
answer has `X-Request-ID`, by which the operator finds it in the log. A 500 is a defect of the
service.

## Repeating requests

GET and PUT may be repeated. A POST that records something may be repeated with an
`Idempotency-Key`, a text of 1 to 255 visible ASCII characters of your own making, such as a UUID.
For 24 hours the same request with the same key is done once and answered as the first time, with
`Idempotent-Replayed: true`; the same key with another body is a 422. A key is valid for one API
key and one address, and a rejected request is not remembered. A report with a `ref` needs no such
key: sent again with the same content, it is answered with 200 and the recorded report.

## Conditional requests and caching

- Answers to GET and PUT, and to a recorded report, have a strong `ETag`. Send it as
  `If-None-Match` with the next GET: if nothing changed, the answer is 304 without a body, and
  totals are not computed. The `ETag` of totals depends on the version of the service. A total that
  is not `exact` gets an `ETag` of its bytes.
- `If-Match` with a PUT replaces only what you have seen, and `If-None-Match: *` only creates;
  otherwise the answer is 412. `If-Match: *` holds for every entity that exists. Both headers take
  lists of tags. A weak tag (`W/`) never holds in `If-Match`.
- Answers have `Cache-Control: no-cache`, errors and the change feed `no-store`; `Vary` names
  `Accept` and `Authorization`.

## Pagination

Lists have at most `limit` items on a page (100 by default, at most 1,000). If more follow, `next`
holds the link to the next page, and lists of reports also have the header `Link` with
`rel="next"`; on the last page `next` is null. Do not build or change the cursor `after` yourself.
Without `as_of` each page shows the state at the time of its request; with `as_of` all pages show
the same state.

## States of the record

Everything that is recorded is an event of an append-only event log, with a position `seq` from 1
without gaps. `as_of` takes a `seq` or a timestamp, and answers as the service would have answered
then. The events of one request belong together: an `as_of` among them means the last of them.
Only texts that were redacted are gone from every state. A `seq` or timestamp that is still to come
is a 422.

## Consistency

Every answer that reads the record has `Casualty-Seq`: it holds every event up to this one. If
reading is served from standbys, they can lag behind. Send the `seq` of what you have just written
as `Casualty-Min-Seq`: the answer then holds it. The service waits up to 2 seconds for it, and else
answers 503 with `Retry-After`.

## Formats

Lists of reports and totals can be had in other formats than JSON, by the parameter `format` or the
header `Accept`; `format` takes precedence. A client that accepts none of the formats gets JSON.

## Rate limits

Rate limits are off unless the operator sets one. Each API key, or each address without a key, then
has its own count. Answers have `RateLimit-Policy` and `RateLimit` with the remaining requests;
above the limit the answer is 429 with `Retry-After` in seconds.

Answers that must be computed, and lists with a `limit` above 100, are limited without that: the
service works on a few at once, and on fewer of one client. If there is no room within 5 seconds,
the answer is 503 with `Retry-After`. Answers that others have just asked for, and 304, are not
limited.

## CORS

Pages of other origins can read the API from a browser only if the operator allows their origin,
and only with GET and HEAD.
"""
"""The beginning of the document, in Markdown: what holds for every route."""

SECURITY_DESCRIPTION: Final = (
    "An API key of the scope `read`, `report` or `admin`; each includes the one before it. A key "
    "of the scope `report` can be bound to reporters."
)
