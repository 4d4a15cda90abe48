"""The blocks of code of a document, by section."""

import re
from pathlib import Path
from typing import NamedTuple


class CodeBlock(NamedTuple):
    """A block between fences: the line before it, its language, and its text."""

    introduction: str
    language: str
    text: str


def read_code_blocks(document: Path) -> dict[str, list[CodeBlock]]:
    """Return all blocks of each section that has any, by the section's heading."""
    blocks_by_heading: dict[str, list[CodeBlock]] = {}
    text = document.read_text(encoding="utf-8")
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        pattern = r"([^\n]*)\n\n```(\w+)\n(.*?)^```$"
        if found := re.findall(pattern, body, flags=re.DOTALL | re.MULTILINE):
            blocks_by_heading[heading] = [CodeBlock(*each) for each in found]
    return blocks_by_heading


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
