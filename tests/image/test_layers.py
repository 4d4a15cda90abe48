"""What is in the layers that the Dockerfile adds, those that a later one would hide included."""

import json
import re
import stat
import subprocess
from pathlib import PurePosixPath

import pytest

from service.version import __version__
from tests.image.layers import Saved
from tests.serving import ROOT

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
TOKENS = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[\w+/=]{16}"
    rb"|\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{30}|glpat-[\w-]{20}|AIza[\w-]{35}|xox[abp]-\w{10})"
    rb"|\bcas_[\w-]{30}"
)
LOGIN = re.compile(rb"https?://[^/\s:@\"']+:[^/\s:@\"']+@")


def _paths(saved: Saved, pattern: str) -> list[str]:
    """Return the paths of files in our own layers that are wholly what the pattern says."""
    fits = re.compile(pattern)
    return [path for layer in saved.own for path in layer.sizes if fits.fullmatch(path)]


def test_they_hold_the_environment_the_application_and_an_empty_folder(saved: Saved) -> None:
    paths = {path for layer in saved.own for path in layer.members}
    assert {path.partition("/")[0] for path in paths} == {"opt", "app", "data"}
    assert not [path for path in paths if path.startswith("data/")]
    assert {path.partition("/")[0] for path in _paths(saved, ".*")} == {"opt", "app"}


def test_no_compiler_and_no_installer_is_in_them(saved: Saved) -> None:
    assert _paths(saved, rf"(.*/)?({COMPILERS})") == []
    assert _paths(saved, r".*-packages/(pip|setuptools|wheel|ensurepip)[-/].*") == []


def test_no_cache_and_no_tests_are_in_them(saved: Saved) -> None:
    assert _paths(saved, CACHES) == []


def test_byte_code_is_in_them_once_and_never_without_its_source(saved: Saved) -> None:
    paths = {path for layer in saved.own for path in layer.sizes}
    compiled = [PurePosixPath(path) for path in paths if path.endswith(".pyc")]
    sources = [str(each.parent.parent / f"{each.name.rsplit('.', 2)[0]}.py") for each in compiled]
    assert set(sources) <= paths
    assert len(sources) == len(set(sources))
    assert {path for path in paths if re.fullmatch(r"app/.*\.py", path)} <= set(sources)


def test_no_secret_is_in_them(saved: Saved) -> None:
    assert _paths(saved, SECRETS) == []
    told = [
        path
        for layer in saved.own
        for path in layer.sizes
        if TOKENS.search(content := layer.content(path))
        or (path.startswith("app/") and LOGIN.search(content))
    ]
    assert told == []


COPIED = ("LICENSE", "service", "schemas", "wsgi.py", "gunicorn.conf.py", "healthcheck.py")


def test_nothing_but_what_git_keeps_is_in_the_application(saved: Saved) -> None:
    listed = subprocess.run(
        ["git", "ls-files", *COPIED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    found = {
        path.removeprefix("app/"): layer.content(path)
        for layer in saved.own
        for path in layer.sizes
        if path.startswith("app/") and not path.endswith(".pyc")
    }
    assert found == {path: (ROOT / path).read_bytes() for path in listed}


def test_neither_its_history_nor_its_environment_tells_a_secret(saved: Saved) -> None:
    told = json.dumps([saved.configuration["history"], saved.configuration["config"]]).encode()
    assert not TOKENS.search(told) and not LOGIN.search(told)
    named = [name for step in saved.steps for name in re.findall(r"\b([A-Z_]+)=", step)]
    assert "CASUALTY_DATABASE" in named
    assert not [name for name in named if re.search("KEY|TOKEN|SECRET|PASS|PIP_|PROXY", name)]


def test_no_file_in_them_gives_rights_or_can_be_changed_by_whoever_runs_it(saved: Saved) -> None:
    for layer in saved.own:
        for path, each in layer.members.items():
            assert not each.mode & (stat.S_ISUID | stat.S_ISGID), path
            if path != "data" and not each.issym():
                assert each.uid == each.gid == 0 and not each.mode & stat.S_IWOTH, path


def test_its_labels_say_what_it_is(saved: Saved) -> None:
    labels = saved.configuration["config"]["Labels"]
    mark = "org.opencontainers.image"
    assert labels[f"{mark}.title"] == "casualty-figures"
    assert labels[f"{mark}.version"] == __version__
    assert labels[f"{mark}.description"].endswith(".")
    assert labels[f"{mark}.licenses"] == "MIT"


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
def test_what_must_not_be_there_would_be_found(name: str, pattern: str) -> None:
    assert re.fullmatch(pattern, name)
