"""The kinds of value on the wire, each by itself."""

from typing import Any

import pytest
from marshmallow import ValidationError, fields

from schemas import fields as wire
from schemas import number_fields, text_fields

TIMESTAMP = "2026-01-05T10:00:00"


@pytest.mark.parametrize(
    ("field", "value", "loaded"),
    [
        (number_fields.Count(), 30.0, 30),
        (number_fields.Count(), 10**9, 10**9),
        (number_fields.Coordinate(maximum=90), -90, -90.0),
        (wire.Flag(), False, False),
        (text_fields.Text(multiline=True), " a\tb\nc ", " a\tb\nc "),
        (text_fields.Text(), "\u202eabc", "\u202eabc"),
        (text_fields.Line(), "Плехово", "Плехово"),
        (text_fields.Line(), "e\u0301", "e\u0301"),
        (text_fields.Name(), "e\u0301", "é"),
        (wire.Slug(), "ru-kursk_1", "ru-kursk_1"),
        (wire.Slug(), "7", "7"),
        (wire.Timestamp(), f"{TIMESTAMP}Z", f"{TIMESTAMP}.000000Z"),
        (wire.Timestamp(), f"{TIMESTAMP}.5Z", f"{TIMESTAMP}.500000Z"),
        (wire.BoundedList(wire.Slug()), [], ()),
        (wire.CommaList(wire.Slug()), "a,b", ("a", "b")),
        (wire.RepeatedParameter(wire.Slug()), ["a", "a"], ("a", "a")),
        (number_fields.IntegerParameter(minimum=0, maximum=9), "07", 7),
    ],
)
def test_a_good_value_is_taken(field: fields.Field[Any], value: object, loaded: object) -> None:
    assert field.deserialize(value) == loaded


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (number_fields.Count(), "30"),
        (number_fields.Count(), float("inf")),
        (number_fields.Count(minimum=1), 0),
        (number_fields.Coordinate(maximum=90), float("nan")),
        (wire.Flag(), "true"),
        (wire.Flag(), 1),
        (text_fields.Text(), 5),
        (text_fields.Text(max_length=3), "abcd"),
        (text_fields.Text(), "a\tb"),
        (text_fields.Text(multiline=True), "a\rb"),
        (text_fields.Text(), "\u2003"),
        (text_fields.Name(), "\u200b\u2060\ufeff"),
        (text_fields.Line(), "a\tb"),
        (wire.Slug(), ["a"]),
        (wire.Slug(), "a\n"),
        (wire.Timestamp(), f"{TIMESTAMP}+00:00"),
        (wire.Timestamp(), "2026-02-30T10:00:00Z"),
        (wire.Timestamp(), f"{TIMESTAMP[:-2]}60Z"),
        (wire.Timestamp(), 5),
        (wire.Timestamp(), "20260105T100000Z"),
        (wire.Day(), "2026-1-5"),
        (wire.BoundedList(wire.Slug()), ("a",)),
        (wire.BoundedList(wire.Slug(), max_length=1), ["a", "b"]),
        (wire.CommaList(wire.Slug()), "a,A"),
        (wire.CommaList(wire.Slug()), "a,,b"),
        (wire.RepeatedParameter(wire.Slug()), ["A"]),
        (number_fields.IntegerParameter(minimum=0, maximum=9), "1" * 5000),
        (number_fields.IntegerParameter(minimum=0, maximum=9), 5),
        (wire.Cursor("reports", "[0-9]+"), wire.make_cursor("entries", 1)),
        (wire.Cursor("reports", "[0-9]+"), wire.make_cursor("reports", "1x")),
    ],
)
def test_a_bad_value_is_refused_in_words(field: fields.Field[Any], value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        field.deserialize(value)
    assert wire.find_first_message(caught.value.messages).endswith((".", ")"))


def test_the_second_of_two_equal_members_is_named() -> None:
    with pytest.raises(ValidationError) as caught:
        wire.BoundedList(wire.Slug()).deserialize(["a", "b", "a"])
    assert list(caught.value.messages_dict) == [2]


def test_a_cursor_is_decoded_to_its_value() -> None:
    field = wire.Cursor("reports", "[0-9]+")
    assert all(
        field.deserialize(wire.make_cursor("reports", n)) == str(n) for n in (1, 12, 123, 1234)
    )


@pytest.mark.parametrize(
    "text", [TIMESTAMP, f"{TIMESTAMP}+02:00", "2026-01-05", "20260105T100000Z"]
)
def test_only_a_timestamp_in_utc_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match="timestamp"):
        wire.normalize_timestamp(text)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (wire.Slug(), "A" * 101),
        (text_fields.Line(max_length=2), "\u202e\x00\ud800"),
        (text_fields.PatternText("[0-9]{2}", "This must be two digits.", 2), "abc"),
        (wire.BoundedList(wire.Slug(), max_length=1), ["A", "B"]),
    ],
)
def test_a_value_that_is_wrong_in_two_ways_is_one_error(
    field: fields.Field[Any], value: object
) -> None:
    with pytest.raises(ValidationError) as caught:
        field.deserialize(value)
    assert len(caught.value.messages) == 1
