"""What is recorded of the import of a file."""

from hashlib import file_digest, sha256
from pathlib import Path

from service.domain.file_import import ImportedFile
from service.imports.errors import FileError


def describe_file(path: Path, title: str, mapping_text: str) -> ImportedFile:
    """Return the description of the file and of its mapping; reads the whole file.

    Raises FileError for a file that cannot be read.
    """
    try:
        with path.open("rb") as file:
            file_hash = file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}.") from None
    return ImportedFile(path.name, file_hash, title, sha256(mapping_text.encode()).hexdigest())
