"""A lecture hall: many clients play a recorded lesson on replicas of the server behind a reverse proxy.

    python -m tests.benchmarks.hall [MODEL] [--clients 20 --clients 200] [--seconds 30] [--replicas 2] [--kill]

It needs Debian's package `caddy`. The proxy is configured by `deploy/Caddyfile`, with other addresses. A lesson is
what a student's workbook sends: 1_anatomy after a change of the prompt, wave by wave, then the logit lens, then a
steered answer. Every answer is compared with the one computed here. `--kill` stops one replica with SIGKILL in the
middle and starts it again five seconds later. Like Excel's page, a client tries a failed request again.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import click

from addin.office.json_values import write_result
from addin.office.settings import MAX_BATCH
from tests.addin.office.running import cells, free_port
from tests.benchmarks.checkpoints import SHAPES, cached
from tests.benchmarks.one_host import PROMPT, PROMPTS, Recorder
from udfs.cells import FUNCTIONS
from udfs.models.demo.facts import facts
from workbook_templates import build

_CADDYFILE = Path(__file__).parents[2] / "deploy" / "Caddyfile"
_TOKEN = "a-token-for-the-lecture-hall"
_HEADERS = {"Content-Type": "application/json", "Authorization": f"Bearer {_TOKEN}"}
_PAUSE, _TRIES = 0.25, 60  # as in the page


class Request(NamedTuple):
    """The body of a request, and the answer that is right."""

    body: bytes
    answer: bytes
    n_calls: int


@dataclass
class Tally:
    """What all clients saw."""

    seconds: list[float] = field(default_factory=list)
    n_calls: int = 0
    failed: int = 0
    wrong: int = 0
    lost: int = 0

    def within(self, share: float) -> float:
        """The milliseconds within which this share of the requests was answered."""
        return 1e3 * sorted(self.seconds)[min(int(len(self.seconds) * share), len(self.seconds) - 1)]


@click.command()
@click.argument("model", default="demo")
@click.option("--clients", multiple=True, type=int, default=(1, 20, 200), show_default=True)
@click.option("--seconds", default=30.0, show_default=True)
@click.option("--replicas", default=2, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes of each replica.")
@click.option("--kill", is_flag=True)
def main(model: str, clients: Sequence[int], seconds: float, replicas: int, workers: int, kill: bool) -> None:
    """Measures and prints."""
    models = cached(model).parent if model in SHAPES else None
    if models:
        os.environ["GPT2_EXCEL_MODELS"] = str(models)
    lessons = [lesson(model, number) for number in range(len(PROMPTS))]
    n_calls = [sum(request.n_calls for request in requests) for requests in lessons]
    print(f"{len(lessons)} lessons of {len(lessons[0])} requests and {n_calls[0]} calls", flush=True)
    print("clients  requests/s  calls/s   p50 ms   p95 ms   p99 ms  tried again  wrong  lost", flush=True)
    with hall(replicas, workers) as (port, servers):
        play(port, lessons, 2, 5.0)  # each process loads the model
        for number in clients:
            if kill:
                threading.Timer(seconds / 2, servers[0].kill).start()
                threading.Timer(seconds / 2 + 5, servers[0].start).start()
            tally = play(port, lessons, number, seconds)
            print(
                f"{number:7d} {len(tally.seconds) / seconds:11.1f} {tally.n_calls / seconds:8.1f} "
                f"{tally.within(0.5):8.0f} {tally.within(0.95):8.0f} {tally.within(0.99):8.0f} "
                f"{tally.failed:12d} {tally.wrong:6d} {tally.lost:5d}",
                flush=True,
            )


def lesson(model: str, number: int) -> list[Request]:
    """What one student's workbook sends, with the right answers."""
    with TemporaryDirectory() as folder:
        recorder = Recorder(build("anatomy", Path(folder), host="headless", model=model))
        waves = recorder.calls_of(PROMPT, PROMPTS[number])
    calls = [[(call.name, [cells(argument) for argument in call.arguments]) for call in wave] for wave in waves]
    steered = facts().jedi.model if model == "demo" else f"{model} ; scale h.0.mlp by 0.5"
    calls.append([("GPT2_LOGITLENS", [[[PROMPTS[number]]], [[1]], None, [["tokens"]], [[model]]])])
    calls.append([("GPT2_PREDICT", [[[PROMPTS[number]]], [[5]], None, [[steered]]])])
    return [request(wave[at : at + MAX_BATCH]) for wave in calls for at in range(0, len(wave), MAX_BATCH)]


def request(calls: Sequence[tuple[str, list[object]]]) -> Request:
    answers = [write_result(FUNCTIONS[name].answer(arguments), name) for name, arguments in calls]
    return Request(json.dumps(calls).encode(), b"[%b]" % b",".join(answers), len(calls))


class Replica:
    """One server, at a loopback address of its own."""

    def __init__(self, address: str, port: int, url: str, workers: int) -> None:
        self.address, self.port = address, port
        self._arguments = ["--address", address, "--port", str(port), "--behind-proxy", "--url", url]
        self._arguments += ["--workers", str(workers), "--metrics"]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, without waiting."""
        command = [sys.executable, "-c", "from addin.cli import main; main()", "serve", *self._arguments]
        environment = os.environ | {"GPT2_EXCEL_TOKEN": _TOKEN}
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)

    def kill(self) -> None:
        """Ends it and its processes at once."""
        if self._process:
            os.killpg(self._process.pid, 9)
            self._process.wait()


@contextmanager
def hall(replicas: int, workers: int) -> Iterator[tuple[int, list[Replica]]]:
    """The replicas behind the proxy. Yields the proxy's port and the replicas."""
    port, inner = free_port(), free_port()
    url = f"https://localhost:{port}"
    servers = [Replica(f"127.0.0.{2 + number}", inner, url, workers) for number in range(replicas)]
    with ExitStack() as stack, TemporaryDirectory() as folder:
        for server in servers:
            server.start()
            stack.callback(server.kill)
        stack.enter_context(_proxy(Path(folder), port, servers))
        _wait(port)
        yield port, servers


@contextmanager
def _proxy(folder: Path, port: int, servers: Sequence[Replica]) -> Iterator[None]:
    text = _CADDYFILE.read_text(encoding="utf-8")
    upstreams = "to " + " ".join(f"{server.address}:{server.port}" for server in servers)
    text, found = re.subn(r"dynamic a \{\n.*?\n\t\t\}", upstreams, text, count=1, flags=re.S)
    assert found, "the Caddyfile has no dynamic upstreams"
    file = folder / "Caddyfile"
    options = "{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n"
    file.write_text(options + text.replace("{$GPT2_EXCEL_HOST}", f"localhost:{port}"), encoding="utf-8")
    environment = os.environ | {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]
    process = subprocess.Popen(command, env=environment, stderr=(folder / "log").open("wb"))
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _wait(port: int) -> None:
    for _ in range(600):
        try:
            connection = _connect(port)
            connection.request("GET", "/functions.json")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass
        time.sleep(0.2)
    raise TimeoutError("the hall does not answer")


def _connect(port: int) -> HTTPSConnection:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the proxy signs its own here
    return HTTPSConnection("localhost", port, timeout=120, context=context)


def play(port: int, lessons: Sequence[list[Request]], n_clients: int, seconds: float) -> Tally:
    """Runs the clients for some seconds, each with lessons in an order of its own."""
    tally, lock, end = Tally(), threading.Lock(), time.monotonic() + seconds

    def client(number: int) -> None:
        connection, turn = _connect(port), number
        while time.monotonic() < end:
            for wanted in lessons[turn % len(lessons)]:
                if time.monotonic() >= end:
                    break
                connection = _ask(connection, port, wanted, tally, lock)
            turn += 1
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(n_clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def _ask(
    connection: HTTPSConnection, port: int, wanted: Request, tally: Tally, lock: threading.Lock
) -> HTTPSConnection:
    """One request, tried again as the page does. Returns the connection for the next."""
    started = time.perf_counter()
    for _ in range(_TRIES):
        try:
            connection.request("POST", "/calls", wanted.body, _HEADERS)
            response = connection.getresponse()
            answer = response.read()
            if response.status == 200:
                break
        except (OSError, HTTPException):
            connection.close()
            connection = _connect(port)
        with lock:
            tally.failed += 1
        time.sleep(_PAUSE)
    else:
        with lock:
            tally.lost += 1
        return connection
    with lock:
        tally.seconds.append(time.perf_counter() - started)
        tally.n_calls += wanted.n_calls
        tally.wrong += answer != wanted.answer
    return connection


if __name__ == "__main__":
    main()
