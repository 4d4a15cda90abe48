"""Make a base image from Debian's archive, for machines that cannot pull the Dockerfile's base.

It is Debian with its own Python, with this machine's trusted certificates and its settings for
reaching a package index. These settings can contain credentials: do not push the base, or an image
built on it, to a registry. Needs root, mmdebstrap and a container engine.
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
"""Where pip looks for a setting of ``pip install``; later ones override earlier ones."""

INDEX_SETTINGS: Final = (
    "index-url",
    "extra-index-url",
    "trusted-host",
    "proxy",
    "timeout",
    "retries",
)
"""pip's settings for reaching an index; its other settings are not copied."""


def list_pip_settings() -> str:
    """Return pip's settings on this machine, of every file and variable, as pip lists them."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def parse_settings(text: str) -> dict[str, str]:
    """Return the effective value of each setting in pip's list, by the setting's name."""
    values: dict[tuple[str, str], str] = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        scope, _, name = name.rpartition(".")
        values[scope, name.removeprefix("default-")] = ast.literal_eval(value)
    ordered = sorted(values.items(), key=lambda item: SCOPES.index(item[0][0]))
    return {name: value for (_, name), value in ordered}


def make_configuration(settings: Mapping[str, str]) -> str:
    """Return the image's pip.conf: the settings for reaching an index, without local folders."""
    lines = ["[global]", f"cert = {CERTIFICATES}"]
    for name in INDEX_SETTINGS:
        words = [word for word in settings.get(name, "").split() if not word.startswith("file:")]
        if words:
            lines.append(f"{name} = {' '.join(words)}")
    return "\n".join(lines) + "\n"


def make_image(tag: str) -> None:
    """Make the image with the tag; end the program if that fails."""
    settings = parse_settings(list_pip_settings())
    certificates = settings.get("cert") or os.environ.get("SSL_CERT_FILE") or CERTIFICATES
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(make_configuration(settings))
        file.flush()
        command = [
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            f"--include={','.join(PACKAGES)}",
            f"--customize-hook=upload {certificates} {CERTIFICATES}",
            f"--customize-hook=upload {file.name} /etc/pip.conf",
            f'--customize-hook=chmod 644 "$1{CERTIFICATES}" "$1/etc/pip.conf"',
            SUITE,
            "-",
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as archive:
            imported = subprocess.run(["docker", "import", "-", tag], stdin=archive.stdout)
    if archive.returncode or imported.returncode:
        sys.exit(f"The base was not made: {command[0]} ended with {archive.returncode}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a base image from Debian's archive.")
    parser.add_argument("tag", help="the name of the image")
    make_image(parser.parse_args().tag)
