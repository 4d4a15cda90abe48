"""What is in the layers that the Dockerfile adds, those that a later one would hide included."""

import json
import re
import stat
import subprocess
from pathlib import PurePosixPath

import pytest

from service.version import __version__
from tests.image.layers import SavedImage
from tests.support.paths import ROOT

COMPILERS = (
    r"(.+-)?(cc|gcc|c\+\+|g\+\+|cpp|clang|tcc|ld|as)([-.][\d.]+)?|cc1(plus)?|collect2"
    r"|g?make|cmake|ninja|meson|rustc|cargo|go|gfortran|pip[\d.]*|uv|easy_install[-\d.]*|apt(-get)?"
)
CACHES = (
    r"(tmp|var|root|home|build|run)/.*|(.*/)?(\.cache|tests|\.git|\.hypothesis)/.*|.*\.(whl|deb)"
)
SECRETS = (
    r"(.*/)?(\.env.*|\.netrc|\.pypirc|\.git.*|pip\.conf|id_\w+|known_hosts|.*credentials.*|\.ssh/.*"
    r"|.*\.(pem|key|p12|pfx|kdbx|db|sqlite3?))"
)
TOKEN_PATTERN = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[\w+/=]{16}"
    rb"|\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{30}|glpat-[\w-]{20}|AIza[\w-]{35}|xox[abp]-\w{10})"
    rb"|\bcas_[\w-]{30}"
)
LOGIN_PATTERN = re.compile(rb"https?://[^/\s:@\"']+:[^/\s:@\"']+@")


def _find_paths(saved_image: SavedImage, pattern: str) -> list[str]:
    """Return the paths of files in our own layers whose whole content matches the pattern."""
    compiled_pattern = re.compile(pattern)
    return [
        path
        for layer in saved_image.own_layers
        for path in layer.sizes
        if compiled_pattern.fullmatch(path)
    ]


def test_the_layers_hold_the_environment_the_application_and_an_empty_folder(
    saved_image: SavedImage,
) -> None:
    paths = {path for layer in saved_image.own_layers for path in layer.members}
    assert {path.partition("/")[0] for path in paths} == {"opt", "app", "data"}
    assert not [path for path in paths if path.startswith("data/")]
    assert {path.partition("/")[0] for path in _find_paths(saved_image, ".*")} == {"opt", "app"}


def test_no_compiler_and_no_installer_is_in_the_layers(saved_image: SavedImage) -> None:
    assert _find_paths(saved_image, rf"(.*/)?({COMPILERS})") == []
    assert _find_paths(saved_image, r".*-packages/(pip|setuptools|wheel|ensurepip)[-/].*") == []


def test_no_cache_and_no_tests_are_in_the_layers(saved_image: SavedImage) -> None:
    assert _find_paths(saved_image, CACHES) == []


def test_byte_code_is_in_the_layers_once_and_never_without_its_source(
    saved_image: SavedImage,
) -> None:
    paths = {path for layer in saved_image.own_layers for path in layer.sizes}
    compiled = [PurePosixPath(path) for path in paths if path.endswith(".pyc")]
    sources = [str(each.parent.parent / f"{each.name.rsplit('.', 2)[0]}.py") for each in compiled]
    assert set(sources) <= paths
    assert len(sources) == len(set(sources))
    assert {path for path in paths if re.fullmatch(r"app/.*\.py", path)} <= set(sources)


def test_no_secret_is_in_the_layers(saved_image: SavedImage) -> None:
    assert _find_paths(saved_image, SECRETS) == []
    leaking_paths = [
        path
        for layer in saved_image.own_layers
        for path in layer.sizes
        if TOKEN_PATTERN.search(content := layer.read_file(path))
        or (path.startswith("app/") and LOGIN_PATTERN.search(content))
    ]
    assert leaking_paths == []


COPIED_PATHS = (
    "LICENSE", "service", "schemas", "samples/kursk.json", "wsgi.py", "gunicorn.conf.py",
    "healthcheck.py",
)  # fmt: skip


def test_the_application_holds_only_files_that_git_tracks(saved_image: SavedImage) -> None:
    tracked_paths = subprocess.run(
        ["git", "ls-files", *COPIED_PATHS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    content_by_path = {
        path.removeprefix("app/"): layer.read_file(path)
        for layer in saved_image.own_layers
        for path in layer.sizes
        if path.startswith("app/") and not path.endswith(".pyc")
    }
    assert content_by_path == {path: (ROOT / path).read_bytes() for path in tracked_paths}


def test_no_secret_is_in_the_history_or_the_environment(saved_image: SavedImage) -> None:
    metadata = json.dumps(
        [saved_image.configuration["history"], saved_image.configuration["config"]]
    ).encode()
    assert not TOKEN_PATTERN.search(metadata) and not LOGIN_PATTERN.search(metadata)
    variable_names = [
        name for step in saved_image.own_steps for name in re.findall(r"\b([A-Z_]+)=", step)
    ]
    assert "CASUALTY_DATABASE" in variable_names
    assert not [
        name for name in variable_names if re.search("KEY|TOKEN|SECRET|PASS|PIP_|PROXY", name)
    ]


def test_no_file_is_setuid_or_writable_by_the_user_of_the_image(saved_image: SavedImage) -> None:
    for layer in saved_image.own_layers:
        for path, each in layer.members.items():
            assert not each.mode & (stat.S_ISUID | stat.S_ISGID), path
            if path != "data" and not each.issym():
                assert each.uid == each.gid == 0 and not each.mode & stat.S_IWOTH, path


def test_the_labels_give_title_version_and_license(saved_image: SavedImage) -> None:
    labels = saved_image.configuration["config"]["Labels"]
    prefix = "org.opencontainers.image"
    assert labels[f"{prefix}.title"] == "casualty-figures"
    assert labels[f"{prefix}.version"] == __version__
    assert labels[f"{prefix}.description"].endswith(".")
    assert labels[f"{prefix}.licenses"] == "MIT"


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("usr/bin/x86_64-linux-gnu-gcc-12", rf"(.*/)?({COMPILERS})"),
        ("usr/libexec/gcc/x86_64-linux-gnu/12/cc1", rf"(.*/)?({COMPILERS})"),
        ("usr/bin/make", rf"(.*/)?({COMPILERS})"),
        ("var/lib/apt/lists/deb.debian.org_dists", CACHES),
        ("root/.cache/pip/http/1", CACHES),
        ("opt/venv/lib/python3.11/site-packages/numpy/tests/test_ctypeslib.py", CACHES),
        ("app/.env", SECRETS),
        ("app/tls/server.key", SECRETS),
        ("etc/pip.conf", SECRETS),
    ],
)
def test_the_patterns_match_what_must_not_be_there(name: str, pattern: str) -> None:
    assert re.fullmatch(pattern, name)
