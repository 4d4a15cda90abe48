"""Exit with 0 if the service in this container is ready, otherwise with 1.

For the image's HEALTHCHECK, which then needs neither a shell nor curl in the image.
"""

import http.client
import os
import sys


def ready(port: int, timeout: float = 3) -> bool:
    """Return whether /readyz on this machine answers with 200 within the timeout."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if ready(int(os.environ.get("PORT", "8000"))) else 1)
