"""CSRF: which requests may be authenticated by the password that a browser keeps.

A browser that signed in with HTTP Basic adds the password to every request to this host, also to
those that pages of other sites make. So the password only reads. Whatever writes needs a Bearer
key, which no browser adds by itself.
"""


def allows_browser_password(scope: str) -> bool:
    """Whether a request that needs the scope accepts a key as the password of HTTP Basic."""
    return scope == "read"
