"""Write the contents of a built image as a CycloneDX document, the base's packages included.

A script lists the contents inside the image, without a network: the document has what is installed
rather than what was intended. The same image gives the same document. Needs an engine with the
image.
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
INVENTORY_SCRIPT: Final = Path(__file__).with_name("list_image_contents.py")
LICENSE_CLASSIFIER: Final = "License :: "


def make_document(image: str) -> str:
    """Return the document as JSON; raises CalledProcessError if there is no such image."""
    image_details = json.loads(_run_docker("image", "inspect", image))[0]
    isolation = ("--network", "none", "--read-only", "--cap-drop", "ALL")
    command = ("run", "--rm", "--interactive", *isolation, image, "python", "-")
    script = INVENTORY_SCRIPT.read_text(encoding="utf-8")
    return compose_document(image_details, json.loads(_run_docker(*command, stdin=script)))


def compose_document(image_details: dict[str, Any], inventory: dict[str, Any]) -> str:
    """Return the document as JSON, of what the engine and the inventory contain of the image."""
    bom = Bom(serial_number=uuid5(NAMESPACE_URL, image_details["Id"]))
    bom.metadata.timestamp = datetime.fromisoformat(image_details["Created"])
    bom.metadata.component = whole = _make_image(image_details["Id"], inventory["release"])
    system = inventory["system"]
    parts = [_make_operating_system(system), _make_python(inventory["python"])]
    parts += [_make_debian_package(each, system) for each in inventory["packages"]]
    packages_by_name = {canonicalize_name(each["name"]): each for each in inventory["libraries"]}
    libraries = {name: _make_python_package(each) for name, each in packages_by_name.items()}
    for name, component in libraries.items():
        required = _required_names_of(packages_by_name[name]) & libraries.keys() - {name}
        bom.register_dependency(component, [libraries[other] for other in required])
    bom.components.update(parts, libraries.values())
    bom.register_dependency(whole, bom.components)
    return str(JsonV1Dot6(bom).output_as_string(indent=2))


def find_errors(text: str) -> str | None:
    """Return the errors that the schema of CycloneDX finds; None for a valid document."""
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return None if error is None else str(error)


def _run_docker(*arguments: str, stdin: str | None = None) -> str:
    completed = subprocess.run(
        ["docker", *arguments], input=stdin, stdout=subprocess.PIPE, text=True, check=True
    )
    return completed.stdout


def _make_image(image_id: str, release: str) -> Component:
    digest = HashType(alg=HashAlgorithm.SHA_256, content=image_id.removeprefix("sha256:"))
    return Component(
        type=ComponentType.CONTAINER, name=NAME, version=release, bom_ref=image_id, hashes=[digest]
    )


def _make_python_package(package: dict[str, Any]) -> Component:
    classifiers = [each for each in package["classifiers"] if each.startswith(LICENSE_CLASSIFIER)]
    license_name = package["license"] or (
        classifiers[0].rpartition(" :: ")[2] if classifiers else ""
    )
    purl = PackageURL("pypi", name=canonicalize_name(package["name"]), version=package["version"])
    return Component(
        name=package["name"],
        version=package["version"],
        description=package["summary"] or None,
        licenses=[LicenseFactory().make_from_string(license_name)] if license_name else None,
        purl=purl,
        bom_ref=str(purl),
    )


def _required_names_of(package: dict[str, Any]) -> set[str]:
    """Return the names of the required packages, for every extra and system."""
    return {canonicalize_name(Requirement(each).name) for each in package["requires"]}


def _make_debian_package(package: dict[str, str], system: dict[str, str]) -> Component:
    source = package.get("Source", package["Package"]).partition(" ")[0]
    purl = PackageURL(
        "deb",
        system["ID"],
        package["Package"],
        package["Version"],
        {
            "arch": package["Architecture"],
            "distro": f"{system['ID']}-{system.get('VERSION_ID', '')}",
            # Vulnerabilities are filed under the name of the source package.
            **({"upstream": source} if source != package["Package"] else {}),
        },
    )
    return Component(
        name=package["Package"],
        version=package["Version"],
        publisher=package.get("Maintainer"),
        purl=purl,
        bom_ref=str(purl),
    )


def _make_operating_system(system: dict[str, str]) -> Component:
    return Component(
        type=ComponentType.OPERATING_SYSTEM,
        name=system["ID"],
        version=system.get("VERSION_ID"),
        description=system.get("PRETTY_NAME"),
        bom_ref="system",
    )


def _make_python(version: str) -> Component:
    purl = PackageURL("generic", name="python", version=version)
    return Component(
        type=ComponentType.PLATFORM, name="python", version=version, purl=purl, bom_ref=str(purl)
    )


def main(image: str, file: Path) -> None:
    """Write the document to the file; end the program if the document is not valid."""
    text = make_document(image)
    if (errors := find_errors(text)) is not None:
        sys.exit(f"{file} would not be valid CycloneDX: {errors}")
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    print(f"{file}: {len(json.loads(text)['components'])} components of {image}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the contents of an image as CycloneDX.")
    parser.add_argument("image")
    parser.add_argument("file", type=Path, help="like dist/casualty-figures.cdx.json")
    options = parser.parse_args()
    main(options.image, options.file)
