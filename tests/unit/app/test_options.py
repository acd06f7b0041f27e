from dataclasses import fields

from midcall.app.options import Options
from midcall.app.settings import Settings


def test_every_setting_has_an_option() -> None:
    """Options and settings have the same names, in the same order."""
    assert [field.name for field in fields(Options)] == list(Settings.model_fields)


def test_only_what_was_given_is_stated() -> None:
    """An option that was not given leaves its setting to the environment."""
    assert Options(port="9000").stated() == {"port": "9000"}
