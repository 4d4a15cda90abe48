"""View models: what each page shows, computed from use cases for the templates."""
