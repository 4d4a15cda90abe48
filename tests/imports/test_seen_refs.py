"""Refs of a file are known again, also after many others."""

from hypothesis import given
from hypothesis import strategies as st

from service.imports import seen_refs
from service.imports.seen_refs import Seen, SeenRefs

ROWS = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("xyz")), max_size=60)


@given(ROWS, st.integers(1, 5))
def test_a_ref_is_seen_as_a_dictionary_sees_it(rows: list[tuple[str, str]], recent: int) -> None:
    whole, seen_refs.MAX_RECENT = seen_refs.MAX_RECENT, recent  # type: ignore[misc]
    try:
        seen, known = SeenRefs(), dict[str, set[str]]()
        for ref, report in rows:
            earlier = known.setdefault(ref, set())
            expected = Seen.NEVER
            if earlier:
                expected = Seen.SAME if report in earlier else Seen.OTHER
            assert seen.add(ref, report) == expected
            earlier.add(report)
    finally:
        seen_refs.MAX_RECENT = whole  # type: ignore[misc]
