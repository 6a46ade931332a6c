"""A lecture hall: many clients play a recorded lesson on replicas of the server behind a reverse proxy.

    python -m tests.benchmarks.hall [MODEL] [--clients 20 --clients 200] [--seconds 30] [--replicas 2] [--kill]

It needs Debian's package `caddy`. The proxy is configured by `deploy/Caddyfile`, with other addresses. A lesson is
what a student's workbook sends: 1_anatomy after a change of the prompt, wave by wave, then the logit lens, then a
steered answer. Every answer is compared with the one computed here. `--kill` stops one replica with SIGKILL in the
middle and starts it again five seconds later. Like Excel's page, a client tries a failed request again.

The last columns show how many cores the replicas, the proxy and the clients used.
"""

from __future__ import annotations

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
from functools import cache, partial
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import click
import psutil
from websockets.exceptions import WebSocketException

from addin.office.json_values import write_result
from addin.office.settings import MAX_BATCH
from tests.addin.office.page_client import PageClient, as_the_page_packs
from tests.addin.office.running import cells, free_port
from tests.benchmarks import clients
from tests.benchmarks.checkpoints import SHAPES, cached
from tests.benchmarks.one_host import PROMPT, PROMPTS, Recorder
from udfs.cells import FUNCTIONS
from udfs.models.demo.facts import facts
from workbook_templates import build

_CADDYFILE = Path(__file__).parents[2] / "deploy" / "Caddyfile"
_TOKEN = "a-token-for-the-lecture-hall"
_PAUSE, _TRIES = 0.25, 60  # as in the page
_DOWN = 5.0  # seconds between the end of a killed replica and its new start


class Request(NamedTuple):
    """The packed calls of a request, and the answer that is right."""

    calls: bytes
    answer: bytes
    n_calls: int


@dataclass
class Tally(clients.Tally):
    """What all clients saw. `failures` has the moment of each request that was tried again."""

    n_calls: int = 0
    failures: list[float] = field(default_factory=list)
    wrong: int = 0
    lost: int = 0


@click.command()
@click.argument("model", default="demo")
@click.option("--clients", "crowds", multiple=True, type=int, default=(1, 20, 200), show_default=True)
@click.option("--seconds", default=30.0, show_default=True)
@click.option("--replicas", default=2, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes of each replica.")
@click.option("--kill", is_flag=True)
def main(model: str, crowds: Sequence[int], seconds: float, replicas: int, workers: int, kill: bool) -> None:
    """Measures and prints."""
    models = cached(model).parent if model in SHAPES else None
    if models:
        os.environ["GPT2_EXCEL_MODELS"], model = str(models), cached(model).name
    lessons = [lesson(model, number) for number in range(len(PROMPTS))]
    n_calls = [sum(request.n_calls for request in requests) for requests in lessons]
    print(f"{len(lessons)} lessons of {len(lessons[0])} requests and {n_calls[0]} calls", flush=True)
    print("                                                      tried                cores of the", flush=True)
    print("clients requests/s calls/s  p50 ms  p95 ms  p99 ms  again wrong lost  replicas proxy clients", flush=True)
    with hall(replicas, workers) as (port, servers, proxy):
        play(port, lessons, 2 * workers * replicas, 5.0)  # each process loads the model
        for number in crowds:
            killed = time.monotonic() + seconds / 2
            if kill:
                threading.Timer(seconds / 2, servers[0].kill).start()
                threading.Timer(seconds / 2 + _DOWN, servers[0].start).start()
            before = [sum(map(_cpu, group)) for group in _groups(servers, proxy)]
            tally = play(port, lessons, number, seconds)
            after = [sum(map(_cpu, group)) for group in _groups(servers, proxy)]
            cores = [max(0.0, y - x) / seconds for x, y in zip(before, after, strict=True)]
            print(
                f"{number:7d} {len(tally.seconds) / seconds:10.1f} {tally.n_calls / seconds:7.1f} "
                f"{tally.within(0.5):7.0f} {tally.within(0.95):7.0f} {tally.within(0.99):7.0f} "
                f"{len(tally.failures):6d} {tally.wrong:5d} {tally.lost:4d} "
                f"{cores[0]:9.2f} {cores[1]:5.2f} {cores[2]:7.2f}",
                flush=True,
            )
            if kill:
                last = max((moment - killed for moment in tally.failures), default=0.0)
                print(f"        the last failure came {last:.1f} s after the kill", end="; ")
                print(f"the slowest answer took {max(tally.seconds):.1f} s", flush=True)


def _groups(servers: Sequence[Replica], proxy: int) -> tuple[list[int], list[int], list[int]]:
    """The processes of the replicas, of the proxy and of the clients."""
    return [server.process for server in servers], [proxy], [os.getpid()]


def _cpu(process: int) -> float:
    """The CPU seconds of a process, and of its processes unless it is this one."""
    own = psutil.Process(process)
    family = [own] if process == os.getpid() else [own, *own.children(recursive=True)]
    return sum(sum(of.cpu_times()[:2]) for of in family)


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
    return Request(as_the_page_packs(calls), b"[%b]" % b",".join(answers), len(calls))


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

    @property
    def process(self) -> int:
        """The id of its process."""
        assert self._process
        return self._process.pid

    def kill(self) -> None:
        """Ends it and its processes at once."""
        if self._process:
            os.killpg(self._process.pid, 9)
            self._process.wait()


@contextmanager
def hall(replicas: int, workers: int) -> Iterator[tuple[int, list[Replica], int]]:
    """The replicas behind the proxy. Yields the proxy's port, the replicas, and the proxy's process."""
    port, inner = free_port(), free_port()
    url = f"https://localhost:{port}"
    servers = [Replica(f"127.0.0.{2 + number}", inner, url, workers) for number in range(replicas)]
    with ExitStack() as stack, TemporaryDirectory() as folder:
        for server in servers:
            server.start()
            stack.callback(server.kill)
        proxy = stack.enter_context(_proxy(Path(folder), port, servers))
        _wait(port)
        yield port, servers, proxy


@contextmanager
def _proxy(folder: Path, port: int, servers: Sequence[Replica]) -> Iterator[int]:
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
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _wait(port: int) -> None:
    for _ in range(600):
        try:
            connection = HTTPSConnection("localhost", port, timeout=300, context=_trusting())
            connection.request("GET", "/functions.json")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass
        time.sleep(0.2)
    raise TimeoutError("the hall does not answer")


@cache
def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the proxy signs its own here
    return context


def play(port: int, lessons: Sequence[list[Request]], n_clients: int, seconds: float) -> Tally:
    """Runs the clients for some seconds, each with lessons in an order of its own."""
    tally, lock, end = Tally(), threading.Lock(), time.monotonic() + seconds

    def client(number: int) -> None:
        student, turn = Student(port, number, tally, lock), number
        while time.monotonic() < end:
            for wanted in lessons[turn % len(lessons)]:
                if time.monotonic() >= end:
                    break
                student.ask(wanted)
            turn += 1
        student.close()

    clients.run_together(n_clients, client)
    return tally


class Student:
    """One client, which tries again as the page does."""

    def __init__(self, port: int, number: int, tally: Tally, lock: threading.Lock) -> None:
        self._connect = partial(clients.connect, port, _trusting(), number, _TOKEN)
        self._tally, self._lock = tally, lock
        self._page: PageClient | None = None

    def ask(self, wanted: Request) -> None:
        """Makes one request and counts how it goes."""
        started = time.perf_counter()
        answer = next((answer for _ in range(_TRIES) if (answer := self._try(wanted.calls)) is not None), None)
        with self._lock:
            if answer is None:
                self._tally.lost += 1
                return
            self._tally.seconds.append(time.perf_counter() - started)
            self._tally.n_calls += wanted.n_calls
            self._tally.wrong += answer != wanted.answer

    def close(self) -> None:
        """Ends the connection."""
        if self._page:
            self._page.close()
            self._page = None

    def _try(self, calls: bytes) -> bytes | None:
        """The answers; None if the connection fails or the server refuses the request. Then it waits a moment."""
        try:
            self._page = self._page or self._connect()
            answer = self._page.ask(calls)
            if not answer.startswith(b'{"error"'):
                return answer
        except (OSError, WebSocketException):
            self.close()
        with self._lock:
            self._tally.failures.append(time.monotonic())
        time.sleep(_PAUSE)
        return None


if __name__ == "__main__":
    main()
