"""Print as JSON what is installed around this Python, in the image: for make_sbom.py."""

import json
import platform
from importlib.metadata import distributions
from pathlib import Path

from service.version import __version__

DPKG = Path("/var/lib/dpkg/status")
WANTED = ("Package", "Version", "Architecture", "Source", "Maintainer")


def packages() -> list[dict[str, str]]:
    """Return Debian's packages, and none where the image is not Debian's."""
    found = []
    for paragraph in DPKG.read_text(encoding="utf-8").split("\n\n") if DPKG.exists() else ():
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line)
        if fields.get("Status") == "install ok installed":
            found.append({name: fields[name] for name in WANTED if name in fields})
    return found


def libraries() -> list[dict[str, object]]:
    """Return Python's packages; an empty text stands for what one does not tell."""
    return [
        {
            "name": each.metadata["Name"],
            "version": each.version,
            "summary": each.metadata.get("Summary", ""),
            "license": each.metadata.get("License-Expression", ""),
            "classifiers": each.metadata.get_all("Classifier", []),
            "requires": each.requires or [],
        }
        for each in distributions()
    ]


if __name__ == "__main__":
    found = {
        "release": __version__,
        "system": platform.freedesktop_os_release(),
        "python": platform.python_version(),
        "packages": packages(),
        "libraries": libraries(),
    }
    print(json.dumps(found))
