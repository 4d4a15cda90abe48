"""The shell commands of a document, by section."""

import re
from pathlib import Path


def read_shell_blocks(document: Path) -> dict[str, list[str]]:
    """Return the blocks marked ``sh`` of each section that has any, by the section's heading."""
    blocks_by_heading: dict[str, list[str]] = {}
    text = document.read_text(encoding="utf-8")
    for heading, section in re.findall(
        r"^##+ (.+)\n((?:(?!^##+ ).*\n?)*)", text, flags=re.MULTILINE
    ):
        if blocks := re.findall(r"^```sh\n(.*?)^```$", section, flags=re.DOTALL | re.MULTILINE):
            blocks_by_heading[heading] = blocks
    return blocks_by_heading
