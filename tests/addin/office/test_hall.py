"""A server for many users: several tokens, a limit for each, a reverse proxy, probes and figures."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPConnection

import pytest

from addin.office.rate import Rate
from addin.office.settings import MAX_BATCH
from tests.addin.office.running import JSON, Running, running
from tests.addin.office.slow import Slow
from udfs.cells import FUNCTIONS

ONE, OTHER = "the-token-of-one-class", "the-token-of-another"


@pytest.fixture(scope="module")
def hall(models_folder: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    given = {"tokens": (ONE, OTHER), "calls_a_minute": 300, "metrics": True}
    with running(tmp_path_factory.mktemp("hall"), **given) as up:
        yield up


def body(n_calls: int) -> bytes:
    return json.dumps([["GPT2_TOKENIZE", ["hello"]]] * n_calls).encode()


def post(server: Running, token: str, n_calls: int = 1, **headers: str) -> int:
    given = {"Content-Type": JSON, "Authorization": f"Bearer {token}", **headers}
    return server.ask("POST", "/calls", body(n_calls), given).status


def test_each_token_is_known_and_gets_a_manifest_with_itself(hall: Running) -> None:
    assert post(hall, "the-token-of-nobody") == 401
    for token, other in ((ONE, OTHER), (OTHER, ONE)):
        assert post(hall, token) == 200
        manifest = hall.ask("GET", f"/manifest.xml?token={token}").body.decode()
        assert f"taskpane.html?token={token}" in manifest
        assert other not in manifest


def test_a_token_that_calls_too_often_is_told_to_wait_and_the_other_is_not(hall: Running) -> None:
    assert 429 in [post(hall, ONE, MAX_BATCH) for _ in range(4)]
    refused = hall.ask("POST", "/calls", body(MAX_BATCH), {"Content-Type": JSON, "Authorization": f"Bearer {ONE}"})
    assert refused.error == "this token may make 300 calls a minute: wait"
    assert refused.headers["retry-after"] == "5"
    assert post(hall, OTHER) == 200


def test_the_limit_counts_calls_and_not_requests() -> None:
    rate = Rate(10)
    rate.check("a", 4)
    rate.check("a", 6)
    with pytest.raises(Exception, match="429"):
        rate.check("a", 1)
    rate.check("b", 10)


def test_a_load_balancer_may_ask_whether_the_server_is_up_and_ready(hall: Running) -> None:
    for path, status in (("/health", "running"), ("/ready", "ready")):
        answer = hall.ask("GET", path, headers={"Host": "10.1.2.3:8431"})
        assert (answer.status, answer.json) == (200, {"status": status})


def test_a_server_without_its_model_is_not_ready(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_EXCEL_MODEL", "gone")
    answer = server.ask("GET", "/ready")
    assert answer.status == 503
    assert "gone" in answer.error


def test_prometheus_reads_the_figures_with_a_token(hall: Running) -> None:
    assert post(hall, OTHER) == 200
    assert hall.ask("GET", "/metrics").status == 401
    answer = hall.ask("GET", "/metrics", headers={"Authorization": f"Bearer {OTHER}", "Host": "10.1.2.3:8431"})
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.body.decode().splitlines()
    counted = [line for line in lines if line.startswith("gpt2_excel_calls_total{")]
    assert any('function="GPT2_TOKENIZE",outcome="rows"' in line for line in counted)
    assert any(line.startswith("gpt2_excel_call_seconds_bucket{") for line in lines)
    assert any(line.startswith("gpt2_excel_cache_bytes ") for line in lines)


def test_the_figures_are_there_only_if_asked_for(server: Running) -> None:
    assert server.ask("GET", "/metrics").status == 404


def test_behind_a_proxy_the_server_speaks_http_and_knows_the_host_of_its_url(
    models_folder: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    given = {"tokens": (ONE,), "url": "https://gpt2.example.org", "behind_proxy": True}
    with running(tmp_path_factory.mktemp("proxied"), **given) as up:
        connection = HTTPConnection("127.0.0.1", up.settings.port, timeout=60)
        headers = {"Content-Type": JSON, "Authorization": f"Bearer {ONE}", "X-Forwarded-For": "192.0.2.7"}
        for host, status in (("gpt2.example.org", 200), ("evil.example", 421)):
            connection.request("POST", "/calls", body(1), headers | {"Host": host})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status


def test_a_slow_call_of_one_workbook_does_not_hold_up_another_behind_the_same_address(
    models_folder: object, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, given = Slow(), {"tokens": (ONE,), "url": "https://gpt2.example.org", "behind_proxy": True}
    with running(tmp_path_factory.mktemp("slow"), **given) as up, ThreadPoolExecutor(8) as threads:
        monkeypatch.setitem(FUNCTIONS, "GPT2_TOKENIZE", slow)

        def ask(name: str, arguments: list[object], client: str) -> bytes:
            headers = {"Content-Type": JSON, "Authorization": f"Bearer {ONE}", "Host": "gpt2.example.org"}
            headers |= {"X-Forwarded-For": "192.0.2.7"}
            connection = HTTPConnection("127.0.0.1", up.settings.port, timeout=60)
            connection.request("POST", f"/calls?client={client}", json.dumps([[name, arguments]]), headers)
            return connection.getresponse().read()

        mine = [threads.submit(ask, "GPT2_TOKENIZE", ["hello"], "mine") for _ in range(4)]
        assert slow.begun.acquire(timeout=60)
        assert ask("GPT2_GELU", [[[0.0]]], "yours") == b"[[[0.0]]]"
        yours = threads.submit(ask, "GPT2_TOKENIZE", ["hello"], "yours")
        assert slow.begun.acquire(timeout=60)
        assert slow.n_begun == 2  # one of mine, and yours, though mine came first
        slow.let_go.set()
        assert {call.result() for call in [*mine, yours]} == {b'[[["done"]]]'}


def test_a_column_of_prompts_stops_when_its_client_disconnects(hall: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, predict = threading.Event(), FUNCTIONS["GPT2_PREDICT"]

    def noted(**arguments: object) -> object:
        begun.set()
        return predict.function(**arguments)

    monkeypatch.setitem(FUNCTIONS, "GPT2_PREDICT", replace(predict, function=noted))
    prompts = [[f"The number {number} is here"] for number in range(5000)]
    connection = hall.connect()
    given = {"Content-Type": JSON, "Authorization": f"Bearer {OTHER}"}
    connection.request("POST", "/calls", json.dumps([["GPT2_PREDICT", [prompts, 1, 1, "demo"]]]), given)
    assert begun.wait(60)
    connection.close()
    deadline = time.monotonic() + 60
    while ended(hall, "GPT2_PREDICT") == {}:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert ended(hall, "GPT2_PREDICT") == {"canceled": 1}


def ended(server: Running, function: str) -> dict[str, int]:
    """How many calls of a function ended in which way."""
    text = server.ask("GET", "/metrics", headers={"Authorization": f"Bearer {OTHER}"}).body.decode()
    pattern = rf'^gpt2_excel_calls_total{{function="{function}",outcome="(.+?)"}} (\d+)'
    return {outcome: int(count) for outcome, count in re.findall(pattern, text, re.M)}
