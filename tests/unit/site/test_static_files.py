"""What was collected at the start is served by name, and nothing else of the disk."""

import pytest
from asgiref.sync import async_to_sync

from rempart.site.headers import protective
from rempart.site.static_files import with_static_files


@pytest.fixture
def asked(tmp_path):
    """`asked(path)`: (status, headers, body or path of the file sent)."""
    root = tmp_path / "static"
    (root / "rempart").mkdir(parents=True)
    (root / "rempart" / "a.css").write_text("body {}")
    (root / "rempart" / "b.svg").write_text("<svg/>")
    (tmp_path / "secret").write_text("secret")
    (root / "link").symlink_to(tmp_path / "secret")

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b"the application"})

    served = with_static_files(application, root=root, prefix="/static/", secure=True)

    def ask(path, method="GET", headers=()):
        said = []

        async def send(message):
            said.append(message)

        async_to_sync(served)(
            {"type": "http", "path": path, "method": method, "headers": headers}, None, send
        )
        found = {name.decode(): value.decode() for name, value in said[0]["headers"]}
        return said[0]["status"], found, said[1].get("path") or said[1]["body"]

    return ask


def test_a_file_is_sent_with_its_type_and_every_protective_header(asked):
    status, headers, path = asked("/static/rempart/a.css")
    assert status == 200
    assert path.endswith("a.css")
    assert headers["content-type"] == "text/css; charset=utf-8"
    assert headers["content-length"] == "7"
    for name, value in protective(secure=True).items():
        if name != "Cache-Control":
            assert headers[name.lower()] == value
    assert asked("/static/rempart/b.svg")[1]["content-type"] == "image/svg+xml"


@pytest.mark.parametrize(
    "path",
    [
        "/static/", "/static/rempart", "/static/rempart/", "/static/../secret", "/static/rempart/../../secret",
        "/static//etc/passwd", "/static/%2e%2e/secret", "/static/..%2fsecret", "/static/link",
        "/static/rempart/a.css/", "/static/rempart/a.css\0", "/static/rempart\\a.css", "/static/RemPart/a.css",
    ],
)  # fmt: skip
def test_security_no_path_leads_to_another_file(asked, path):
    status, headers, body = asked(path)
    assert (status, body) == (404, b"Not found\n")
    assert headers["cache-control"] == "no-store"


def test_only_reading_is_possible(asked):
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        assert asked("/static/rempart/a.css", method)[0] == 405
    assert asked("/static/rempart/a.css", "HEAD")[2] == b""


def test_what_the_browser_has_is_not_sent_again(asked):
    tag = asked("/static/rempart/a.css")[1]["etag"]
    assert asked("/static/rempart/a.css", headers=[(b"if-none-match", tag.encode())])[0] == 304


def test_other_addresses_are_the_applications(asked):
    assert asked("/statics")[0] == asked("/")[0] == 299
