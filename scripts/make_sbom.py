"""Write what is in a built image as a CycloneDX document: all of it, the base's packages too.

The image itself is asked, without a network, so that the document tells what is there rather than
what was meant to be. The same image gives the same document. Needs an engine that has the image.
"""

import argparse
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

NAME: Final = "casualty-figures"
ASKED: Final = Path(__file__).with_name("list_image_contents.py")
LICENSE: Final = "License :: "


def document(image: str) -> str:
    """Return the document as JSON; raises CalledProcessError where there is no such image."""
    about = json.loads(_docker("image", "inspect", image))[0]
    isolated = ("--network", "none", "--read-only", "--cap-drop", "ALL")
    asking = ("run", "--rm", "--interactive", *isolated, image, "python", "-")
    return composed(about, json.loads(_docker(*asking, given=ASKED.read_text(encoding="utf-8"))))


def composed(about: dict[str, Any], inventory: dict[str, Any]) -> str:
    """Return the document on the image that the engine and the inventory tell about."""
    bom = Bom(serial_number=uuid5(NAMESPACE_URL, about["Id"]))
    bom.metadata.timestamp = datetime.fromisoformat(about["Created"])
    bom.metadata.component = whole = _image(about["Id"], inventory["release"])
    system = inventory["system"]
    parts = [_system(system), _python(inventory["python"])]
    parts += [_package(each, system) for each in inventory["packages"]]
    requiring = {canonicalize_name(each["name"]): each for each in inventory["libraries"]}
    libraries = {name: _library(each) for name, each in requiring.items()}
    for name, component in libraries.items():
        needed = _needed(requiring[name]) & libraries.keys() - {name}
        bom.register_dependency(component, [libraries[other] for other in needed])
    bom.components.update(parts, libraries.values())
    bom.register_dependency(whole, bom.components)
    return str(JsonV1Dot6(bom).output_as_string(indent=2))


def faults(text: str) -> str | None:
    """Return what the schema of CycloneDX finds wrong with the document, None where it is right."""
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return None if found is None else str(found)


def _docker(*words: str, given: str | None = None) -> str:
    done = subprocess.run(
        ["docker", *words], input=given, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def _image(image_id: str, release: str) -> Component:
    digest = HashType(alg=HashAlgorithm.SHA_256, content=image_id.removeprefix("sha256:"))
    return Component(
        type=ComponentType.CONTAINER, name=NAME, version=release, bom_ref=image_id, hashes=[digest]
    )


def _library(told: dict[str, Any]) -> Component:
    named = [each for each in told["classifiers"] if each.startswith(LICENSE)]
    license_name = told["license"] or (named[0].rpartition(" :: ")[2] if named else "")
    purl = PackageURL("pypi", name=canonicalize_name(told["name"]), version=told["version"])
    return Component(
        name=told["name"],
        version=told["version"],
        description=told["summary"] or None,
        licenses=[LicenseFactory().make_from_string(license_name)] if license_name else None,
        purl=purl,
        bom_ref=str(purl),
    )


def _needed(told: dict[str, Any]) -> set[str]:
    """Return what the library names as required, for whichever extra and system it may be."""
    return {canonicalize_name(Requirement(each).name) for each in told["requires"]}


def _package(told: dict[str, str], system: dict[str, str]) -> Component:
    source = told.get("Source", told["Package"]).partition(" ")[0]
    purl = PackageURL(
        "deb",
        system["ID"],
        told["Package"],
        told["Version"],
        {
            "arch": told["Architecture"],
            "distro": f"{system['ID']}-{system.get('VERSION_ID', '')}",
            # What a weakness is filed under, where the package's own name is another.
            **({"upstream": source} if source != told["Package"] else {}),
        },
    )
    return Component(
        name=told["Package"],
        version=told["Version"],
        publisher=told.get("Maintainer"),
        purl=purl,
        bom_ref=str(purl),
    )


def _system(told: dict[str, str]) -> Component:
    return Component(
        type=ComponentType.OPERATING_SYSTEM,
        name=told["ID"],
        version=told.get("VERSION_ID"),
        description=told.get("PRETTY_NAME"),
        bom_ref="system",
    )


def _python(version: str) -> Component:
    purl = PackageURL("generic", name="python", version=version)
    return Component(
        type=ComponentType.PLATFORM, name="python", version=version, purl=purl, bom_ref=str(purl)
    )


def main(image: str, file: Path) -> None:
    """Write the document on the image to the file, once the schema finds nothing wrong with it."""
    text = document(image)
    if (wrong := faults(text)) is not None:
        sys.exit(f"{file} would not be CycloneDX: {wrong}")
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    print(f"{file}: {len(json.loads(text)['components'])} components of {image}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write what is in an image as CycloneDX.")
    parser.add_argument("image")
    parser.add_argument("file", type=Path, help="like dist/casualty-figures.cdx.json")
    asked = parser.parse_args()
    main(asked.image, asked.file)
