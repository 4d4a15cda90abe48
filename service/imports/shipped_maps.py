"""The mappings that come with the service, each for a published data set."""

from importlib.resources import files
from pathlib import Path

from service.domain.file_import import ImportedFile
from service.imports.errors import MappingError
from service.imports.gazetteer import Gazetteer
from service.imports.imported_files import describe_file
from service.imports.mapping import Mapping
from service.imports.mapping_schema import parse_any_mapping

_FOLDER = files("service.imports") / "maps"


def list_map_names() -> list[str]:
    """Return the names of the shipped mappings, in order."""
    names = (each.name for each in _FOLDER.iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def read_map_text(name_or_path: str) -> str:
    """Return the TOML of a shipped mapping, or of a file; raises MappingError if there is none."""
    if name_or_path in list_map_names():
        return (_FOLDER / f"{name_or_path}.toml").read_text(encoding="utf-8")
    path = Path(name_or_path)
    if not path.is_file():
        raise MappingError(
            f"There is no mapping {name_or_path}: give the path of a file, or one of"
            f" {', '.join(list_map_names())}."
        )
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{name_or_path} cannot be read: {error}.") from None


def describe_import(path: Path, name_or_path: str) -> ImportedFile:
    """Return what is recorded of an import of the file by the mapping; reads the whole file.

    Raises MappingError, and FileError for a file that cannot be read.
    """
    text = read_map_text(name_or_path)
    return describe_file(path, parse_any_mapping(text).title, text)


def load_mapping(name_or_path: str) -> Mapping | Gazetteer:
    """Return the mapping with this name, or in this file; raises MappingError."""
    return parse_any_mapping(read_map_text(name_or_path))
