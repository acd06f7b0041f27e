from midcall.runtime.whereabouts import whereabouts


def test_an_error_is_named_with_its_place_and_without_its_text() -> None:
    """The log shows where to look and nothing of what was being said."""
    caught: Exception
    try:
        _ = {"a": 1}["secret"]
    except KeyError as error:
        caught = error
    told = whereabouts(caught)
    assert told.startswith("KeyError at test_whereabouts.py:")
    assert "secret" not in told


def test_an_error_that_was_never_raised_has_a_name_only() -> None:
    """Without a traceback there is no place to name."""
    assert whereabouts(ValueError("secret")) == "ValueError"
