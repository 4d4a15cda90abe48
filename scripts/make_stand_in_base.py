"""Make a base image out of Debian's archive, where the one in the Dockerfile cannot be fetched.

It is Debian with its own Python, and what this machine needs to reach a package index: the
certificates that it trusts and its settings for pip. These may hold credentials, so that neither
the base nor what is built upon it belongs into a registry. Needs root, mmdebstrap and an engine.
"""

import argparse
import ast
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Final

SUITE: Final = "bookworm"
PACKAGES: Final = ("ca-certificates", "netbase", "tzdata", "python3", "python3-venv")

CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"
SCOPES: Final = ("global", "install", ":env:")
"""Where pip looks for a setting of ``pip install``; the last word counts."""

REACHING: Final = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "retries")
"""Which of pip's settings say how an index is reached; the others are about its work here."""


def settings() -> str:
    """Return what pip is told on this machine, by whichever file or variable, as it lists it."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def read(listed: str) -> dict[str, str]:
    """Return the settings in the list by their names, without what says where each was made."""
    found: dict[tuple[str, str], str] = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        scope, _, name = name.rpartition(".")
        found[scope, name.removeprefix("default-")] = ast.literal_eval(value)
    ordered = sorted(found.items(), key=lambda each: SCOPES.index(each[0][0]))
    return {name: value for (_, name), value in ordered}


def configuration(given: Mapping[str, str]) -> str:
    """Return the pip.conf of the image: how an index is reached, without this machine's folders."""
    lines = ["[global]", f"cert = {CERTIFICATES}"]
    for name in REACHING:
        words = [word for word in given.get(name, "").split() if not word.startswith("file:")]
        if words:
            lines.append(f"{name} = {' '.join(words)}")
    return "\n".join(lines) + "\n"


def make(tag: str) -> None:
    """Make the image and give it the tag; ends the program where that fails."""
    given = read(settings())
    trusted = given.get("cert") or os.environ.get("SSL_CERT_FILE") or CERTIFICATES
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(configuration(given))
        file.flush()
        debian = [
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            f"--include={','.join(PACKAGES)}",
            f"--customize-hook=upload {trusted} {CERTIFICATES}",
            f"--customize-hook=upload {file.name} /etc/pip.conf",
            f'--customize-hook=chmod 644 "$1{CERTIFICATES}" "$1/etc/pip.conf"',
            SUITE,
            "-",
        ]
        with subprocess.Popen(debian, stdout=subprocess.PIPE) as made:
            imported = subprocess.run(["docker", "import", "-", tag], stdin=made.stdout)
    if made.returncode or imported.returncode:
        sys.exit(f"The base was not made: {debian[0]} ended with {made.returncode}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a base image out of Debian's archive.")
    parser.add_argument("tag", help="what the image is called")
    make(parser.parse_args().tag)
