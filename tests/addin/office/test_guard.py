"""The server answers its own page, Office for public files, and callers with the token; and with which headers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from addin.office.app import PAGES
from addin.office.guard import is_office
from addin.office.manifest import ICON_SIZES
from addin.office.settings import Settings
from tests.addin.office.running import JSON, Running, running

WORK = ["hello", 3, 1, "tiny"]
TOKEN = "a token of some length"
OFFICE = "https://excel.officeapps.live.com"
PRIVATE = ("/status", "/manifest.xml", "/templates/by_hand", "/openapi.json")
PUBLIC = (
    "/functions.json",
    "/functions.js",
    "/catalog.json",
    *(f"/{path.name}" for path in PAGES.iterdir()),
    *(f"/icon-{size}.png" for size in ICON_SIZES),
)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that requires a token."""
    with running(tmp_path_factory.mktemp("guarded"), tokens=(TOKEN,)) as up:
        yield up


@pytest.mark.parametrize("origin", [OFFICE, "https://uk-excel.officeapps.live.com", "https://excel.cloud.microsoft",
                                    "https://contoso.sharepoint.com", "https://www.office.com",
                                    "https://contoso.sharepoint.us", "https://excel.office365.us"])  # fmt: skip
def test_offices_origins_are_known(origin: str) -> None:
    assert is_office(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "http://excel.officeapps.live.com",
        "https://officeapps.live.com.evil.example",
        "https://evilofficeapps.live.com",
        "https://evil.example/https://www.office.com",
        "https://excel.officeapps.live.com:444",
        "https://a.b.sharepoint.com",
        "https://localhost:1",
        "null",
        "*",
        "",
    ],
)
def test_foreign_origins_are_refused(server: Running, origin: str) -> None:
    assert not is_office(origin)
    answer = server.call("GPT2_PREDICT", WORK, Origin=origin)
    assert (answer.status, answer.error) == (403, "this server answers only its own page and Office")
    assert "access-control-allow-origin" not in answer.headers
    assert server.ask("GET", "/functions.json", headers={"Origin": origin}).status == 403


def test_excel_on_the_web_may_frame_the_pages(server: Running) -> None:
    """Also for a personal OneDrive, whose pages frame Excel."""
    policy = server.ask("GET", "/taskpane.html").headers["content-security-policy"]
    framed_by = policy.partition("frame-ancestors ")[2].split()
    assert {"'self'", "https://onedrive.live.com", "https://*.officeapps.live.com"} <= set(framed_by)


def test_https_own_port_goes_without_saying() -> None:
    settings = Settings("https://gpt2.example.org:443", 443)
    assert {"gpt2.example.org", "gpt2.example.org:443", "localhost", "[::1]"} <= settings.hosts
    assert "https://localhost" in settings.origins


def test_a_template_that_cannot_be_made_says_why(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_EXCEL_MODEL", "nobody")
    answer = server.ask("GET", "/templates/check")
    assert answer.status == 422
    assert "nobody" in answer.error


def test_our_own_page_is_answered(server: Running) -> None:
    assert server.call("GPT2_PREDICT", WORK).status == 200
    assert server.call("GPT2_PREDICT", WORK, Origin=f"https://127.0.0.1:{server.settings.port}").status == 200


def test_programs_that_send_no_origin_are_answered_but_no_foreign_page_is(server: Running) -> None:
    body = b'[["GPT2_PREDICT", ["hello", 3, 1, "tiny"]]]'
    assert server.ask("POST", "/calls", body, {"Content-Type": JSON}).status == 200
    for path in PRIVATE:
        assert server.ask("GET", path, headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert server.ask("GET", "/status", headers={"Sec-Fetch-Site": "same-origin"}).status == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_foreign_form_could_send_is_refused(server: Running, content_type: str) -> None:
    """A browser sends a preflight request before JSON for another server, but not before these types."""
    assert server.call("GPT2_PREDICT", WORK, Content_Type=content_type).status == 415


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{}", "localhost", "localhost:1", "", "localhost:{}."])
def test_other_host_headers_are_refused(server: Running, host: str) -> None:
    """DNS rebinding: a foreign name that resolves to this machine."""
    given = host.format(server.settings.port)
    for path in ("/functions.json", "/status"):
        assert server.ask("GET", path, headers={"Host": given}).status == 421
    assert server.call("GPT2_PREDICT", WORK, Host=given).status == 421


def test_office_may_read_what_is_public_and_nothing_else(server: Running) -> None:
    for path in PUBLIC:
        answer = server.ask("GET", path, headers={"Origin": OFFICE})
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, OFFICE)
    for path in PRIVATE:
        answer = server.ask("GET", path, headers={"Origin": OFFICE})
        assert answer.status == 403
        assert "access-control-allow-origin" not in answer.headers
    assert server.call("GPT2_PREDICT", WORK, Origin=OFFICE).status == 403


def test_foreign_pages_may_embed_what_is_public_and_nothing_else(server: Running) -> None:
    for paths, policy in ((PUBLIC, "cross-origin"), (PRIVATE, "same-origin")):
        for path in paths:
            headers = server.ask("GET", path).headers
            assert headers["cross-origin-resource-policy"] == policy, path
            assert "access-control-allow-origin" not in headers, "nobody asked"


def test_a_browser_that_asks_first_is_told(server: Running) -> None:
    asks = {"Origin": OFFICE, "Access-Control-Request-Method": "GET", "Access-Control-Request-Private-Network": "true"}
    answer = server.ask("OPTIONS", "/functions.json", headers=asks)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == OFFICE
    assert answer.headers["access-control-allow-private-network"] == "true"
    assert server.ask("OPTIONS", "/calls", headers=asks).status == 403
    assert server.ask("OPTIONS", "/functions.json", headers=asks | {"Origin": "https://evil.example"}).status == 403


def test_every_answer_has_the_security_headers(server: Running) -> None:
    for path in ("/taskpane.html", "/status", "/nothing-here"):
        headers = server.ask("GET", path).headers
        assert "'unsafe" not in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


def test_without_the_token_only_the_public_files_are_given(guarded: Running) -> None:
    for path in PUBLIC:
        assert guarded.ask("GET", path).status == 200
    for path in PRIVATE:
        assert guarded.ask("GET", path).status == 401
    for wrong in ("", "Bearer", f"Bearer {TOKEN}x", "Bearer \xe9"):
        assert guarded.call("GPT2_PREDICT", WORK, Authorization=wrong).status == 401


def test_with_the_token_all_is_answered(guarded: Running) -> None:
    assert guarded.call("GPT2_PREDICT", WORK, Authorization=f"Bearer {TOKEN}").status == 200
    manifest = guarded.ask("GET", f"/manifest.xml?token={TOKEN.replace(' ', '%20')}")
    assert manifest.status == 200
    assert "taskpane.html?token=a%20token%20of%20some%20length" in manifest.body.decode()


@pytest.mark.parametrize("path", ["/../app.py", "/%2e%2e/app.py", "/..%2fapp.py", "//etc/passwd", "/icons.py",
                                  "/templates/..%2f..%2fcli.py"])  # fmt: skip
def test_files_outside_the_pages_cannot_be_reached(server: Running, path: str) -> None:
    assert server.ask("GET", path).status == 404
