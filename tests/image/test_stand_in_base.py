"""The stand-in for the base reaches an index as this machine does."""

from scripts.make_stand_in_base import configuration, read

LISTED = r"""
:env:.timeout='60'
global.cert='/etc/ssl/own.crt'
global.extra-index-url='file:///srv/simple https://mirror.example/simple'
global.find-links='/srv/wheels'
global.timeout='15'
install.index-url='https://index.example/simple'
""".strip()


def test_the_strongest_word_counts() -> None:
    assert read(LISTED)["timeout"] == "60"


def test_what_reaches_an_index_is_taken_along_and_folders_are_not() -> None:
    assert configuration(read(LISTED)).splitlines() == [
        "[global]",
        "cert = /etc/ssl/certs/ca-certificates.crt",
        "index-url = https://index.example/simple",
        "extra-index-url = https://mirror.example/simple",
        "timeout = 60",
    ]


def test_a_machine_without_settings_gets_its_certificates_alone() -> None:
    assert len(configuration(read("")).splitlines()) == 2
