"""The reference of the client leaves nothing out."""

import re
from inspect import signature

import pytest

import callsheet
from callsheet import AsyncClient, AsyncListing, AsyncModels, AsyncPage, Client, ModelInfo, Models, Page
from callsheet.wire.field_names import ID_NAMES, NAMES
from tests.docs.pages import ROOT

TEXT = (ROOT / "docs" / "reference" / "client.md").read_text(encoding="utf-8")


def described(name: str) -> bool:
    """Whether the page has ``name`` as code, alone or with arguments."""
    return re.search(rf"`{name}[`(]", TEXT) is not None


@pytest.mark.parametrize("name", [each for each in callsheet.__all__ if not each.startswith("_")])
def test_every_public_name_is_described(name: str) -> None:
    assert described(name)


@pytest.mark.parametrize("kind", [Models, AsyncModels])
def test_every_method_and_argument_is_described(kind: type[object]) -> None:
    for name in (each for each in dir(kind) if not each.startswith("_")):
        (written,) = re.findall(rf"\| `{name}\((.*?)\)` \|", TEXT)
        for argument in list(signature(getattr(kind, name)).parameters)[1:]:
            assert argument in written, (name, argument)


def test_every_option_member_and_field_is_described() -> None:
    options = {*signature(Client).parameters, *signature(AsyncClient).parameters}
    members = {name for kind in (Page, AsyncPage, AsyncListing) for name in dir(kind) if not name.startswith("_")}
    fields = {*ModelInfo.model_fields, "to_dict", "stale", "age"}
    assert [name for name in sorted(options | members | fields) if not described(name)] == []


def test_both_clients_have_the_same_methods_and_arguments() -> None:
    for ours, theirs in ((Client, AsyncClient), (Models, AsyncModels)):
        assert {each for each in dir(ours) if each[0] != "_"} == {each for each in dir(theirs) if each[0] != "_"}
    assert list(signature(Client).parameters) == list(signature(AsyncClient).parameters)
    for name in ("list", "retrieve", "resolve", "watch"):
        assert list(signature(getattr(Models, name)).parameters) == list(
            signature(getattr(AsyncModels, name)).parameters
        )


def test_every_name_that_is_read_is_described_in_its_order() -> None:
    for field, names in {**NAMES, "id": ID_NAMES}.items():
        if len(names) > 1:
            (written,) = re.findall(rf"^\| `{field}` \| (.*) \|$", TEXT, re.MULTILINE)
            assert (
                tuple(each for each in re.findall(r"`(\S+?)`", written) if each not in ("models", "models/"))
                == names
            )
