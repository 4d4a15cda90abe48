"""Print as JSON what is installed in the image that this Python runs in, for make_sbom.py."""

import json
import platform
from importlib.metadata import distributions
from pathlib import Path

from service.version import __version__

DPKG_STATUS_FILE = Path("/var/lib/dpkg/status")
FIELDS = ("Package", "Version", "Architecture", "Source", "Maintainer")


def list_debian_packages() -> list[dict[str, str]]:
    """Return the installed Debian packages; none if the image is not Debian's."""
    if not DPKG_STATUS_FILE.exists():
        return []
    packages = []
    for paragraph in DPKG_STATUS_FILE.read_text(encoding="utf-8").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line)
        if fields.get("Status") == "install ok installed":
            packages.append({name: fields[name] for name in FIELDS if name in fields})
    return packages


def list_python_packages() -> list[dict[str, object]]:
    """Return the installed Python packages; a missing field of one is an empty text."""
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
    contents = {
        "release": __version__,
        "system": platform.freedesktop_os_release(),
        "python": platform.python_version(),
        "packages": list_debian_packages(),
        "libraries": list_python_packages(),
    }
    print(json.dumps(contents))
