"""The wire: what is sent and answered, as marshmallow schemas that build domain objects."""
