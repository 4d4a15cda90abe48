"""The JSON of the API as marshmallow schemas; request schemas load domain objects."""
