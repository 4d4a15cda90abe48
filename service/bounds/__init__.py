"""From counted figures and a scope to its total: exact lower and upper bounds with certificates."""
