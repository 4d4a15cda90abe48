"""The stand-in for the base reaches an index as this machine does."""

from scripts.make_stand_in_base import make_configuration, parse_settings

PIP_SETTINGS = r"""
:env:.timeout='60'
global.cert='/etc/ssl/own.crt'
global.extra-index-url='file:///srv/simple https://mirror.example/simple'
global.find-links='/srv/wheels'
global.timeout='15'
install.index-url='https://index.example/simple'
""".strip()


def test_the_environment_overrides_the_files() -> None:
    assert parse_settings(PIP_SETTINGS)["timeout"] == "60"


def test_index_settings_are_copied_and_local_folders_are_not() -> None:
    assert make_configuration(parse_settings(PIP_SETTINGS)).splitlines() == [
        "[global]",
        "cert = /etc/ssl/certs/ca-certificates.crt",
        "index-url = https://index.example/simple",
        "extra-index-url = https://mirror.example/simple",
        "timeout = 60",
    ]


def test_without_settings_only_the_certificates_are_configured() -> None:
    assert len(make_configuration(parse_settings("")).splitlines()) == 2
