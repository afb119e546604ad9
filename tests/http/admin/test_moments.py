"""Other moments than now in the Admin API: what was read then is read of then."""

from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.times import format_instant
from callsheet.http.admin.endpoints import ENDPOINTS
from tests.http.admin.asking import ROOT, Admin
from tests.http.admin.test_catalog import fits, walk
from tests.installation import now, on_both
from tests.tiers import examples

#: Each read of a moment, with an answer of which that of the present differs once `_change` is done.
READS: Final = (
    "/catalog/models?limit=1000",
    "/catalog/models/claude-opus-4-8",
    "/catalog/aliases?limit=1000",
    "/catalog/aliases/best",
    "/catalog/retirements",
    "/access/workspaces",
    "/access/workspaces/default",
    "/access/keys",
    "/access/keys/ci",
    "/explain?model=claude-opus-4-8&key=ci",
    "/who_sees?model=claude-opus-4-8",
    "/what_sees?subject=ci",
    "/diff_keys?first=ci&second=default",
    "/matrix",
)


def at(path: str, moment: object) -> str:
    """``path`` as of a moment."""
    return f"{path}{'&' if '?' in path else '?'}as_of={quote(str(moment), safe='')}"


def _set_up(admin: Admin) -> None:
    admin.post("/access/keys", {"name": "ci", "workspace": "default"})
    admin.post("/catalog/aliases", {"alias": "best", "model_id": "claude-opus-4-8"})


def _change(admin: Admin) -> None:
    assert admin.send("DELETE", "/catalog/aliases/best", None).status == 200
    for path, body in (
        ("/catalog/models/claude-opus-4-8", {"display_name": "Other"}),
        ("/catalog/models/claude-opus-4-8/deprecate", {"retires_at": "2090-01-01"}),
        ("/catalog/aliases", {"alias": "best", "model_id": "claude-fable-5"}),
        ("/access/workspaces", {"name": "new", "allow": []}),
        ("/access/workspaces/default", {"deny": ["claude-opus-4-8"]}),
        ("/access/keys", {"name": "other", "workspace": "new"}),
        ("/access/keys/ci", {"expires_at": "2090-01-01"}),
        ("/access/keys/ci/disable", {}),
    ):
        assert admin.post(path, body).status == 200, path


def _without_fixes(answer: Any) -> Any:
    """An answer as another moment has it: nothing is proposed, and of who said what, only the field is known."""
    left = {name: value for name, value in answer.items() if name not in ("as_of", "fixes", "provenance")}
    if "steps" in left:
        left["steps"] = [{**each, "cause": None} for each in left["steps"]]
    return left


@on_both
def test_every_read_answers_of_a_moment_what_it_answered_then(admin: Admin) -> None:
    _set_up(admin)
    admin.live.refresh()
    replies, revision = {path: admin.get(path) for path in READS}, admin.revision
    assert {reply.status for reply in replies.values()} == {200}
    then = {path: reply.json for path, reply in replies.items()}
    _change(admin)
    admin.live.refresh()
    for path, was in then.items():
        pattern = path.partition("?")[0]
        for part, name in (("/claude-opus-4-8", "model"), ("/best", "alias")):
            pattern = pattern.replace(part, f"/{{{name}}}") if pattern.startswith("/catalog/") else pattern
        pattern = pattern.replace("/default", "/{workspace}").replace("/ci", "/{key}")
        found = fits(pattern, "GET", admin.get(at(path, revision)))
        assert _without_fixes(found) == _without_fixes(was), path
        assert found["as_of"] == {"at": found["as_of"]["at"], "revision": revision, "is_future": False}
        present = admin.get(path).json
        assert _without_fixes(present) != _without_fixes(was), path
        assert "as_of" not in present


def test_every_read_of_the_present_takes_the_present_as_a_moment(admin: Admin) -> None:
    _set_up(admin)
    _change(admin)
    admin.live.refresh()
    for path in READS:
        found = admin.get(at(path, "now")).json
        assert _without_fixes(found) == _without_fixes(admin.get(path).json), path


def test_a_moment_to_come_is_one_at_which_dates_have_passed(admin: Admin) -> None:
    _set_up(admin)
    _change(admin)
    path = "/catalog/models/claude-opus-4-8"
    admin.post(path, {"retirement_precision": "exact", "retires_itself": True})
    found = admin.get(at(path, "2090-01-02")).json
    assert (found["lifecycle"], found["as_of"]["is_future"]) == ("retired", True)
    seen = admin.get(at("/who_sees?model=claude-opus-4-8", "2090-01-02")).json
    assert {each["reach"] for each in seen["data"]} == {"absent"}
    assert admin.get(at("/access/keys/ci", "2090-01-02")).json["expired"] is True
    assert admin.get(at("/access/keys/ci", "2089-01-02")).json["expired"] is False


@given(
    st.lists(st.text("abAB-/:é~*", min_size=1, max_size=4), min_size=1, max_size=6, unique=True),
    st.integers(1, 7),
    st.sampled_from(["after_id", "before_id"]),
)
@examples(0.5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_of_a_moment_are_those_of_then(admin: Admin, names: list[str], limit: int, cursor: str) -> None:
    for number, name in enumerate(names):
        admin.post("/access/workspaces", {"name": f"w{number}{name}"})
        admin.post("/access/keys", {"name": f"k{number}{name}"})
        admin.post(
            "/catalog/aliases", {"alias": f"a{number}{name.replace('*', '')}", "model_id": "claude-opus-4-8"}
        )
    for path, member in (
        ("/catalog/models", "id"),
        ("/catalog/aliases", "alias"),
        ("/access/workspaces", "id"),
        ("/access/keys", "id"),
    ):
        rows = walk(admin, path, limit + 3)
        middle = quote(rows[len(rows) // 2][member], safe="")
        page = admin.get(f"{path}?limit={limit}&{cursor}={middle}").json
        of_now = admin.get(at(f"{path}?limit={limit}&{cursor}={middle}", "now")).json
        assert {**of_now, "as_of": None} == {**page, "as_of": None}
        found = admin.get(at(f"{path}?limit=1000", admin.revision)).json["data"]
        assert [each[member] for each in found] == [each[member] for each in rows]


def test_a_moment_of_which_nothing_is_known_is_refused_as_the_command_line_does(admin: Admin) -> None:
    unknown = admin.revision + 9
    early = format_instant(now() - timedelta(days=365 * 90))
    for path in READS:
        for moment, words in (
            (early, "The change records begin with revision 1 at "),
            (unknown, f"There is no revision {unknown} yet; the last one is {admin.revision}."),
            (
                "yesterday",
                "as_of must be a day such as 2026-02-04, an RFC 3339 time, a time ago such as 90d, or the",
            ),
        ):
            refused = admin.get(at(path, moment))
            assert (refused.status, refused.code) == (400, "invalid"), path
            assert refused.message.startswith(words)
    cursor = admin.get(at("/access/keys?after_id=nothing", "now"))
    assert (cursor.status, cursor.code) == (400, "invalid_cursor")


def test_what_changes_something_takes_no_moment(admin: Admin) -> None:
    before = admin.revision
    for endpoint in ENDPOINTS:
        if not endpoint.changes:
            continue
        path = endpoint.path.removeprefix(ROOT).replace("{", "").replace("}", "")
        refused = admin.send(endpoint.method, at(path, 1), b"{}")
        assert (refused.status, refused.code) == (400, "invalid_request"), endpoint.operation
        assert refused.message == "as_of: unknown parameter; leave it out."
    assert admin.revision == before


def test_a_moment_has_a_time_and_a_revision(admin: Admin) -> None:
    revision = admin.revision
    found = fits("/catalog/moment", "GET", admin.get(f"/catalog/moment?as_of={revision}"))
    assert (found["revision"], found["is_future"]) == (revision, False)
    assert admin.get(f"/catalog/moment?as_of={quote(found['at'])}").json == found
    assert admin.get("/catalog/moment?as_of=2090-01-01").json["is_future"] is True
    assert admin.get("/catalog/moment").message == "as_of: Field required"


def test_two_moments_are_compared_and_a_field_is_blamed(admin: Admin) -> None:
    _set_up(admin)
    before = admin.revision
    renamed = admin.post("/catalog/models/claude-opus-4-8", {"display_name": "Other"}, x_callsheet_reason="why not")
    assert renamed.status == 200
    compared = fits("/catalog/diff", "GET", admin.get(f"/catalog/diff?from={before}"))
    (difference,) = compared["differences"]
    assert (difference["what"], difference["subject"]) == ("changed", "claude-opus-4-8")
    assert difference["by"]["reason"] == "why not"
    back = admin.get(f"/catalog/diff?from=now&to={before}").json["differences"]
    assert (back[0]["before"], back[0]["after"]) == (difference["after"], difference["before"])
    path = "/catalog/models/{model}/blame"
    blamed = fits(path, "GET", admin.get("/catalog/models/claude-opus-4-8/blame?field=display_name"))
    assert [each["value"] for each in blamed["fields"]["display_name"]] == ["Other", "Claude Opus 4.8"]
    assert blamed["fields"]["display_name"][0]["reason"] == "why not"
    assert "field must be one of" in admin.get("/catalog/models/claude-opus-4-8/blame?field=x").message
    assert admin.get("/catalog/models/nothing/blame").status == 404
    for query in ("from=9999", "from=1990-01-01", "from=soon", "from=now&to=9999"):
        assert admin.get(f"/catalog/diff?{query}").status == 400


@on_both
def test_what_was_is_brought_back_by_a_new_change(admin: Admin) -> None:
    _set_up(admin)
    then = admin.revision
    known = {path: admin.get(path).json["data"] for path in ("/catalog/models?limit=1000", "/catalog/aliases")}
    _change(admin)
    changed = admin.revision
    dry = admin.post("/catalog/revert?dry_run=true", {"to": str(then)}).json
    assert (dry["type"], admin.revision) == ("plan", changed)
    done = fits("/catalog/revert", "POST", admin.post("/catalog/revert", {"to": str(then)}))
    assert done["changed"] == {"model": ["claude-opus-4-8"], "alias": ["best"], "workspace": []}
    assert {path: admin.get(path).json["data"] for path in known} == known
    newest = admin.get("/catalog/changes?limit=1").json["data"][0]
    assert newest["reason"] == f"reverted to revision {then}"
    body = {"to": str(then), "workspaces": ["default"]}
    fits("/access/revert", "POST", admin.post("/access/revert", body, x_callsheet_reason="as before"))
    assert admin.get("/access/workspaces/default").json["deny"] == []
    assert admin.get("/catalog/changes?limit=1").json["data"][0]["reason"] == "as before"


def test_a_refused_revert_changes_nothing(admin: Admin) -> None:
    before = admin.revision
    catalog = admin.make_key("catalog", Scope.CATALOG)
    for path, body, status in (
        ("/catalog/revert", {"to": "9999"}, 400),
        ("/catalog/revert", {"to": "1990-01-01"}, 400),
        ("/catalog/revert", {"to": "2090-01-01"}, 400),
        ("/catalog/revert", {"to": "now", "models": ["nothing"]}, 404),
        ("/access/revert", {"to": "now", "workspaces": []}, 400),
        ("/access/revert", {"to": "now", "workspaces": ["nothing"]}, 404),
    ):
        assert admin.post(path, body).status == status, (path, body)
    refused = admin.post("/access/revert", {"to": "now", "workspaces": ["default"]}, x_api_key=catalog)
    assert (refused.status, refused.code) == (403, "scope_missing")
    assert admin.get("/catalog/moment?as_of=now", x_api_key=catalog).json["revision"] == admin.revision
    assert admin.revision == before + 1  # the admin key
