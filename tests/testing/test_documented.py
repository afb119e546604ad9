"""The reference of the double leaves nothing out."""

import re
from inspect import signature

import callsheet.testing
from callsheet.domain.edits import ModelFields
from callsheet.testing import Fault, ModelsAPI, RecordedRequest
from callsheet.testing.control import FakeModelsAPI
from callsheet.testing.environment import _HIDDEN
from tests.docs.pages import ROOT

TEXT = (ROOT / "docs" / "reference" / "testing.md").read_text(encoding="utf-8")


def described(name: str) -> bool:
    """Whether the page has ``name`` as code, alone or with arguments."""
    return re.search(rf"`{name}[`(]", TEXT) is not None


def test_every_member_and_option_of_the_double_is_described() -> None:
    inner = {"handle", "refuse"}  # what its drivers call
    names = {name for name in [*dir(ModelsAPI()), *signature(ModelsAPI).parameters] if not name.startswith("_")}
    assert [name for name in sorted(names - inner) if not described(name)] == []


def test_every_argument_of_every_verb_is_described() -> None:
    for verb in ("add", "change", "deprecate", "key", "workspace"):
        (written,) = re.findall(rf"`{verb}\((.*?)\)`", TEXT)
        for name in signature(getattr(ModelsAPI, verb)).parameters:
            assert name == "self" or name in written, (verb, name)
    assert [name for name in ModelFields.__annotations__ if not described(name)] == []


def test_every_fault_and_every_field_of_the_journal_is_described() -> None:
    assert list(signature(ModelsAPI.fail).parameters)[1:] == list(Fault.model_fields)
    assert [name for name in [*Fault.model_fields, *RecordedRequest.__slots__] if not described(name)] == []


def test_everything_that_control_does_is_described() -> None:
    assert [verb for verb in FakeModelsAPI()._calls if not described(verb)] == []


def test_every_variable_that_is_set_or_hidden_is_described() -> None:
    with ModelsAPI() as api:
        assert [name for name in [*api.env, *_HIDDEN] if not described(name)] == []


def test_every_public_name_can_be_imported_and_there_are_no_others() -> None:
    assert sorted(callsheet.testing.__all__) == sorted(callsheet.testing._HOMES)
    for name in callsheet.testing.__all__:
        assert getattr(callsheet.testing, name) is not None
    assert not hasattr(callsheet.testing, "ModelAPI")
