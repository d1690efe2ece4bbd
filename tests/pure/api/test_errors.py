"""Errors become HTTP answers of one shape, and the server's own faults keep their words to the log."""

from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.testclient import TestClient

from api.errors import STATUSES, as_problem, install
from cim import errors
from cim.errors import CimError


def every_error(kind: type[CimError] = CimError) -> list[type[CimError]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in every_error(child))]


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_status_of_its_own(kind: type[CimError]) -> None:
    assert kind in STATUSES
    told = as_problem(kind("which, what, expected"))
    assert told["status"] == STATUSES[kind]
    assert told["code"] == kind.code


def test_the_remedy_decides_the_status() -> None:
    found = {kind.__name__: status for kind, status in STATUSES.items()}
    assert (found["Unknown"], found["BadInput"], found["Conflict"]) == (404, 400, 409)
    assert (found["Unavailable"], found["NoSpace"], found["CimError"]) == (503, 507, 500)


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    install(app)

    class Body(BaseModel):
        count: int

    @app.post("/body")
    def body(body: Body) -> None: ...

    @app.get("/number")
    def number(n: int) -> None: ...

    @app.get("/raise/{name}")
    def fail(name: str) -> None:
        raise {"own": errors.Unavailable("host=/secret/socket"), "foreign": RuntimeError("password=hunter2")}[name]

    @app.get("/missing")
    def missing() -> None:
        raise errors.Unknown("there is no 'x'")

    return TestClient(app, raise_server_exceptions=False)


def is_problem(answer: Any, status: int, code: str) -> str:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert set(told) == {"type", "title", "status", "detail", "code"}
    assert (told["status"], told["code"]) == (status, code)
    return str(told["detail"])


def test_validation_is_400_and_names_the_value(client: TestClient) -> None:
    assert "count" in is_problem(client.post("/body", json={"count": "many"}), 400, "bad_input")
    assert "n: " in is_problem(client.get("/number?n=x"), 400, "bad_input")
    is_problem(client.post("/body", content=b"{", headers={"content-type": "application/json"}), 400, "bad_input")


def test_no_such_door_and_no_such_method(client: TestClient) -> None:
    assert "/nowhere" in is_problem(client.get("/nowhere"), 404, "unknown")
    answer = client.delete("/body")
    is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


def test_messages_are_not_quoted_twice(client: TestClient) -> None:
    assert is_problem(client.get("/missing"), 404, "unknown") == "there is no 'x'"


def test_an_outage_says_to_wait_and_nothing_of_the_inside(client: TestClient) -> None:
    answer = client.get("/raise/own")
    assert "secret" not in is_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "2"


def test_a_foreign_error_is_a_500_without_its_words(client: TestClient) -> None:
    answer = client.get("/raise/foreign")
    is_problem(answer, 500, "internal")
    assert "hunter2" not in answer.text
