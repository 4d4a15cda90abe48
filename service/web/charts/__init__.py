"""Pictures of ranges: where everything stands is worked out here, in numbers; templates draw it."""
