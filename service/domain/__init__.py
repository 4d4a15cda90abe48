"""What a casualty figure means: pure Python that knows no web framework, no SQL and no solver."""
