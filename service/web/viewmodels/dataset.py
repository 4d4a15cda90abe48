"""The page of a subject as a schema.org Dataset, by which search engines find its numbers."""

from typing import TYPE_CHECKING, Any

from service.domain.wording.range_text import outcomes_text
from service.http.links import make_absolute
from service.web.messages import plain_text

if TYPE_CHECKING:
    from service.web.viewmodels.place_page import PlacePage


def describe_dataset(view: "PlacePage") -> dict[str, Any]:
    """Return the JSON-LD of the page: its scope, its totals as ranges, and where to get them."""
    query, page_query = view.query, view.page_query
    described: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "name": plain_text("dataset.name", subject=view.place_names),
        "description": f"{view.preview_text} {plain_text('dataset.rule')}",
        "url": make_absolute(page_query.name_page("place")),
        "version": str(view.seq),
        "measurementTechnique": make_absolute("method"),
        "creditText": view.citation,
        "variableMeasured": [
            {
                "@type": "PropertyValue",
                "name": outcomes_text(count.outcomes),
                "minValue": count.low,
                **({} if count.high is None else {"maxValue": count.high}),
                "unitText": "people",
            }
            for count in view.subject.counts
        ],
        "distribution": [
            {
                "@type": "DataDownload",
                "encodingFormat": media_type,
                "contentUrl": make_absolute(page_query.name_in_api(format=form)),
            }
            for form, media_type in (("csv", "text/csv"), ("json", "application/json"))
        ],
    }
    if view.state.recorded_at is not None:
        described["dateModified"] = view.state.recorded_at
    first, last = query.period.first, query.period.last
    if first is not None or last is not None:
        described["temporalCoverage"] = f"{first or '..'}/{last or '..'}"
    if query.places:
        described["spatialCoverage"] = [_describe_place(view, each) for each in query.places]
    return described


def _describe_place(view: "PlacePage", place_id: str) -> dict[str, Any]:
    (current_id,) = view.state.resolve_merged("place", [place_id])
    place = view.state.places[current_id]
    described: dict[str, Any] = {"@type": "Place", "name": place.name}
    if place.latitude is not None and place.longitude is not None:
        described["geo"] = {
            "@type": "GeoCoordinates",
            "latitude": place.latitude,
            "longitude": place.longitude,
        }
    if place.wikidata is not None:
        described["sameAs"] = f"http://www.wikidata.org/entity/{place.wikidata}"
    return described
