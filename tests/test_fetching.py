"""Fetching against servers that misbehave, checksums, hostile archives, and the verb `data`."""

import contextlib
import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import filelock
import pytest
import typer.testing

from resight import cli, methods
from resight.errors import FetchFailed, NotReached
from resight.fetching import downloading as _downloading
from resight.fetching import fetch as _fetching
from resight.fetching import unpacking as _unpacking
from resight.fetching.sources import Source
from support import replicas_others as replicas

BYTES = bytes(range(256)) * 12_000  # 3 MB, so that progress has steps


class Watch:
    """Keeps what it is told; stops after so many megabytes."""

    def __init__(self, stop_after=None):
        self.said, self.stages, self.steps, self.stop_after = [], [], 0, stop_after

    def start(self, what, total):
        self.stages.append((what, total))

    def step(self):
        self.steps += 1

    def say(self, sentence):
        self.said.append(sentence)

    def stopping(self):
        return self.stop_after is not None and self.steps >= self.stop_after


class Server:
    """What a server has and how it behaves; `asked` are the requests' (path, Range, If-Range)."""

    def __init__(self):
        self.files, self.asked = {}, []
        self.ranges, self.etag, self.modified = True, '"one"', ""
        self.cuts = 0  # so many answers end in the middle
        self.lies_of_ranges = self.slow = False
        self.code = 200

    def address(self, path):
        return f"http://127.0.0.1:{self.port}/{path}"


@pytest.fixture
def server():
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            answer(state, self)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        state.port = running.server_port
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield state
        running.shutdown()
        thread.join()


def answer(state, handler):
    asked, condition = handler.headers.get("Range"), handler.headers.get("If-Range")
    state.asked.append((handler.path, asked, condition))
    body = state.files.get(handler.path.lstrip("/"))
    handler.close_connection = True
    if state.code == 302 and handler.path != "/new":
        empty(handler, 302, "Location", state.target)
        return
    if state.code == 302:
        body = state.files["photos.bin"]
    if body is None or state.code == 503:
        handler.send_error(404 if body is None else state.code)
        return
    total, begin, code = len(body), 0, 200
    same = condition is None or condition in (state.etag, state.modified)
    if asked and state.ranges and (same or state.lies_of_ranges):
        begin, code = int(asked.removeprefix("bytes=").removesuffix("-")), 206
        if begin >= total:
            empty(handler, 416, "Content-Range", f"bytes */{total}")
            return
    handler.send_response(code)
    if state.etag:
        handler.send_header("ETag", state.etag)
    if state.modified:
        handler.send_header("Last-Modified", state.modified)
    if code == 206:
        handler.send_header("Content-Range", f"bytes {begin}-{total - 1}/{total}")
    handler.send_header("Content-Length", str(total - begin))
    handler.end_headers()
    write(state, handler, body[begin:])


def empty(handler, code, name, value):
    handler.send_response(code)
    handler.send_header(name, value)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def write(state, handler, send):
    if state.cuts:
        state.cuts -= 1
        send = send[: len(send) // 2]
    with contextlib.suppress(ConnectionError):
        for start in range(0, len(send), 100_000):
            handler.wfile.write(send[start : start + 100_000])
            if state.slow:
                time.sleep(0.02)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_downloading, "PAUSE", 0.0)


def source(server, name="photos.bin", content=BYTES, **more):
    server.files[name] = content
    return Source(name, server.address(name), "", **more)


def parts(folder):
    return sorted(path.name for path in folder.rglob("*") if ".part" in path.name)


# Downloads


def test_a_file_comes_whole_with_progress_and_leaves_no_parts(server, tmp_path):
    watch = Watch()
    assert _fetching.fetch([source(server)], tmp_path, watch) == []
    assert (tmp_path / "photos.bin").read_bytes() == BYTES
    assert parts(tmp_path) == []
    assert watch.stages == [("photos.bin (MB)", 3), ("checking photos.bin (MB)", 3)]
    assert watch.steps == 6


def test_a_stopped_download_goes_on_from_where_it_was(server, tmp_path):
    one = source(server)
    with pytest.raises(_fetching.Stopped):
        _fetching.fetch([one], tmp_path, Watch(stop_after=1))
    had = (tmp_path / "photos.bin.part").stat().st_size
    assert 1_000_000 <= had < len(BYTES)
    assert not (tmp_path / "photos.bin").exists()
    assert _fetching.state(one, tmp_path) == "begun"
    watch = Watch()
    _fetching.fetch([one], tmp_path, watch)
    assert server.asked[1:] == [("/photos.bin", f"bytes={had}-", '"one"')]
    assert (tmp_path / "photos.bin").read_bytes() == BYTES
    assert watch.said == [f"photos.bin goes on after {had // 1_000_000} MB."]


@pytest.mark.parametrize(
    ("etag", "modified", "resumes"),
    [
        ("", "Sat, 21 Nov 2020 10:00:00 GMT", True), ("", "", False), ('W/"weak"', "", False),
        ('W/"weak"', "Sat, 21 Nov 2020 10:00:00 GMT", True),
    ],
)  # fmt: skip
def test_only_what_is_surely_the_same_version_is_continued(server, tmp_path, etag, modified, resumes):
    server.etag, server.modified = etag, modified
    with pytest.raises(_fetching.Stopped):
        _fetching.fetch([source(server)], tmp_path, Watch(stop_after=1))
    _fetching.fetch([source(server)], tmp_path, Watch())
    assert (server.asked[1][1] is not None) == resumes
    assert server.asked[1][2] == (modified if resumes else None)
    assert (tmp_path / "photos.bin").read_bytes() == BYTES


@pytest.mark.parametrize("lies", [False, True], ids=["honest", "ignores If-Range"])
def test_another_version_is_begun_anew(server, tmp_path, lies):
    with pytest.raises(_fetching.Stopped):
        _fetching.fetch([source(server)], tmp_path, Watch(stop_after=1))
    other = BYTES[::-1]
    server.etag, server.lies_of_ranges = '"two"', lies
    _fetching.fetch([source(server, content=other)], tmp_path, Watch())
    assert (tmp_path / "photos.bin").read_bytes() == other


def test_a_part_of_another_address_is_not_continued(server, tmp_path):
    with pytest.raises(_fetching.Stopped):
        _fetching.fetch([source(server)], tmp_path, Watch(stop_after=1))
    server.files["moved"] = BYTES[::-1]
    _fetching.fetch([Source("photos.bin", server.address("moved"), "")], tmp_path, Watch())
    assert server.asked[1] == ("/moved", None, None)
    assert (tmp_path / "photos.bin").read_bytes() == BYTES[::-1]


def test_a_server_without_ranges_sends_all_again(server, tmp_path):
    server.ranges = False
    with pytest.raises(_fetching.Stopped):
        _fetching.fetch([source(server)], tmp_path, Watch(stop_after=2))
    _fetching.fetch([source(server)], tmp_path, Watch())
    assert (tmp_path / "photos.bin").read_bytes() == BYTES


def test_a_part_that_is_whole_already_is_taken(server, tmp_path):
    with pytest.raises(_fetching.Stopped):
        _fetching.fetch([source(server)], tmp_path, Watch(stop_after=1))
    (tmp_path / "photos.bin.part").write_bytes(BYTES)  # killed just before it got its name
    assert _fetching.fetch([source(server)], tmp_path, Watch()) == []
    assert (tmp_path / "photos.bin").read_bytes() == BYTES
    assert len(server.asked) == 2


def test_a_part_that_is_longer_than_the_file_is_begun_anew(server, tmp_path):
    with pytest.raises(_fetching.Stopped):
        _fetching.fetch([source(server)], tmp_path, Watch(stop_after=1))
    (tmp_path / "photos.bin.part").write_bytes(BYTES + b"more")
    assert _fetching.fetch([source(server)], tmp_path, Watch()) == []
    assert (tmp_path / "photos.bin").read_bytes() == BYTES


@pytest.mark.parametrize("ranges", [True, False])
def test_a_connection_that_is_cut_is_made_again(server, tmp_path, ranges):
    server.cuts, server.ranges = 2, ranges
    assert _fetching.fetch([source(server)], tmp_path, Watch()) == []
    assert (tmp_path / "photos.bin").read_bytes() == BYTES
    assert len(server.asked) == 3


def test_a_connection_that_is_always_cut_ends_with_a_sentence_and_the_part(server, tmp_path):
    server.cuts, server.ranges = 100, False
    (failed,) = _fetching.fetch([source(server)], tmp_path, Watch())
    assert "stopped at 1,536,000 bytes" in str(failed)
    assert "the same command goes on" in str(failed)
    assert len(server.asked) == _downloading.TRIES
    assert (tmp_path / "photos.bin.part").stat().st_size == len(BYTES) // 2


def test_two_do_not_fetch_into_one_folder(server, tmp_path):
    with filelock.FileLock(tmp_path / ".fetching.lock"), pytest.raises(FetchFailed, match="Another process"):
        _fetching.fetch([source(server)], tmp_path, Watch())
    assert server.asked == []


def test_an_empty_file_is_a_file(server, tmp_path):
    assert _fetching.fetch([source(server, content=b"")], tmp_path, Watch()) == []
    assert (tmp_path / "photos.bin").read_bytes() == b""


def test_what_cannot_be_had_is_one_sentence_and_the_others_come(server, tmp_path):
    gone = Source("gone.bin", server.address("gone.bin"), "")
    nowhere = Source("nowhere.bin", "http://127.0.0.1:9/nowhere.bin", "")
    by_mail = Source("mail.bin", "", "ask")
    watch = Watch()
    failed = _fetching.fetch([gone, nowhere, by_mail, source(server)], tmp_path, watch)
    assert [str(error) for error in failed] == [said for said in watch.said if "bin" in said]
    assert "gone.bin is not there any more (404)" in str(failed[0])
    assert "cannot be reached" in str(failed[1])
    assert "is there a network?" in str(failed[1])
    assert (tmp_path / "photos.bin").exists()
    assert not (tmp_path / "mail.bin").exists()
    server.code = 503
    (busy,) = _fetching.fetch([source(server, "b")], tmp_path, Watch())
    assert "answered 503" in str(busy)


@pytest.fixture
def no_proxy(monkeypatch):
    """Whatever the machine has set is not meant; gives what sets one."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return lambda scheme, address: monkeypatch.setenv(f"{scheme}_proxy", address)


@contextlib.contextmanager
def saying(answer):
    """The address of a server that says the same to everybody, or nothing; and how often it was asked."""
    asked, kept = [], []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    one, _ = server.accept()
                    kept.append(one)
                    asked.append(one.recv(65536))
                    if answer is not None:
                        one.sendall(answer)
                        one.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)
        for one in kept:
            one.close()
        thread.join()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("code", [b"403 Forbidden", b"407 Proxy Authentication Required"])
def test_a_proxy_that_refuses_is_asked_once_and_is_one_sentence(scheme, code, tmp_path, no_proxy):
    with saying(b"HTTP/1.1 " + code + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") as (
        proxy,
        asked,
    ):
        no_proxy(scheme, f"http://name:secret@{proxy}")
        watch = Watch()
        (failed,) = _fetching.fetch([Source("a", f"{scheme}://example.org/a", "")], tmp_path, watch)
    assert len(asked) == 1
    assert watch.said == [str(failed)]
    assert code.split()[0].decode() in str(failed) or "asks for a name and a password" in str(failed)
    assert "secret" not in str(failed)
    assert isinstance(failed, NotReached) or (scheme, code[:3]) == ("http", b"403")


@pytest.mark.parametrize("through", ["a proxy", "the server"])
def test_a_silent_server_is_not_waited_for_four_times(through, tmp_path, no_proxy, monkeypatch):
    monkeypatch.setattr(_downloading, "TIMEOUT", 1.0)
    with saying(None) as (address, asked):
        if through == "a proxy":
            no_proxy("https", f"http://{address}")
        url = "https://example.org/a" if through == "a proxy" else f"http://{address}/a"
        begun = time.monotonic()
        (failed,) = _fetching.fetch([Source("a", url, "")], tmp_path, Watch())
        assert time.monotonic() - begun < 5
    assert len(asked) == 1
    assert "cannot be reached" in str(failed)
    assert isinstance(failed, NotReached)


def test_a_name_that_is_looked_up_for_long_is_not_waited_for(tmp_path, no_proxy, monkeypatch):
    monkeypatch.setattr(_downloading, "TIMEOUT", 0.2)
    found = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found.wait(60) and [])
    (failed,) = _fetching.fetch([Source("a", "http://example.org/a", "")], tmp_path, Watch())
    found.set()
    assert "no answer within 0.2 seconds" in str(failed)


@pytest.mark.parametrize("address", ["socks5://127.0.0.1:9", "SOCKS5H://me:secret@127.0.0.1:9"])
def test_a_proxy_of_socks_is_named(address, tmp_path, no_proxy, server, monkeypatch):
    no_proxy("https", address)
    (failed,) = _fetching.fetch([Source("a", "https://example.org/a", "")], tmp_path, Watch())
    assert "the proxy in HTTPS_PROXY is one of SOCKS" in str(failed)
    assert "secret" not in str(failed)
    assert _fetching.fetch([source(server)], tmp_path, Watch()) == []  # the proxy is not one for http
    monkeypatch.setenv("no_proxy", "example.org")
    (failed,) = _fetching.fetch([Source("a", "https://example.org:9/a", "")], tmp_path, Watch())
    assert "SOCKS" not in str(failed)


def test_a_host_that_is_silent_is_asked_once_for_all_of_its_files(tmp_path, server, no_proxy, monkeypatch):
    monkeypatch.setattr(_downloading, "TIMEOUT", 0.3)
    with saying(None) as (address, asked):
        many = [Source(f"{i}", f"http://{address}/{i}", "") for i in range(5)]
        watch = Watch()
        assert len(_fetching.fetch([*many, source(server)], tmp_path, watch)) == 1
    assert len(asked) == 1
    assert watch.said[-1] == f"4 more files of {address} were not tried."
    assert (tmp_path / "photos.bin").exists()


def test_the_verb_says_without_a_network_that_there_is_none(tmp_path, monkeypatch, no_proxy):
    needed = (Source("photos.bin", "http://127.0.0.1:9/photos.bin", ""),)
    monkeypatch.setattr(methods.module("datasets", "npu"), "NEEDED", needed)
    done = run("npu", "--fetch", "--root", tmp_path)
    assert done.exit_code == 2
    assert "photos.bin cannot be reached: Connection refused; is there a network?" in done.output


def test_only_web_addresses_are_followed_even_by_a_redirection(server, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    for url in (secret.as_uri(), "ftp://127.0.0.1/x", "/etc/passwd"):
        (failed,) = _fetching.fetch([Source("a", url, "")], tmp_path / "set", Watch())
        assert "must be fetched by hand, as it is no address of http or https: lay it at" in str(failed)
    server.code, server.target = 302, "ftp://127.0.0.1/x"
    (failed,) = _fetching.fetch([source(server)], tmp_path / "set", Watch())
    assert "302" in str(failed) or "ftp" in str(failed)
    server.target = secret.as_uri()
    assert len(_fetching.fetch([source(server)], tmp_path / "set", Watch())) == 1
    assert not (tmp_path / "set" / "photos.bin").exists()


def test_a_redirection_is_followed_and_continued(server, tmp_path):
    server.code, server.target = 302, server.address("new")
    with pytest.raises(_fetching.Stopped):
        _fetching.fetch([source(server)], tmp_path, Watch(stop_after=1))
    assert _fetching.fetch([source(server)], tmp_path, Watch()) == []
    assert [path for path, _, _ in server.asked] == ["/photos.bin", "/new"] * 2
    assert server.asked[3][1].startswith("bytes=1")
    assert (tmp_path / "photos.bin").read_bytes() == BYTES


def test_a_full_disk_is_said_before_and_while_writing(server, tmp_path, monkeypatch):
    full = _downloading.shutil.disk_usage(tmp_path)._replace(free=1000)
    with monkeypatch.context() as patch:
        patch.setattr(_downloading.shutil, "disk_usage", lambda _: full)
        (failed,) = _fetching.fetch([source(server)], tmp_path, Watch())
    assert "needs 3,072,000 more bytes, and the disk has 1,000" in str(failed)
    if os.path.exists("/dev/full"):
        (tmp_path / "photos.bin.part").symlink_to("/dev/full")
        (failed,) = _fetching.fetch([source(server)], tmp_path, Watch())
        assert "No space left on device" in str(failed)


# Checksums


def test_a_published_checksum_is_compared_and_a_wrong_file_put_aside(server, tmp_path):
    right = hashlib.md5(BYTES).hexdigest()
    assert _fetching.fetch([source(server, md5=right.upper())], tmp_path, Watch()) == []
    assert not (tmp_path / "checksums.txt").exists()
    (failed,) = _fetching.fetch([source(server, "b.bin", sha256="0" * 64)], tmp_path, Watch())
    assert "not the 0000" in str(failed)
    assert "b.bin.wrong" in str(failed)
    assert (tmp_path / "b.bin.wrong").read_bytes() == BYTES
    assert not (tmp_path / "b.bin").exists()


def test_an_unpublished_checksum_is_recorded_and_compared_the_next_time(server, tmp_path):
    one, two = source(server, "a/one.bin"), source(server, "two.bin", content=b"two")
    _fetching.fetch([one, two], tmp_path, Watch())
    digest = hashlib.sha256(BYTES).hexdigest()
    assert f"{digest}  a/one.bin\n" in (tmp_path / "checksums.txt").read_text()
    done = subprocess.run(["sha256sum", "-c", "checksums.txt"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0
    asked = len(server.asked)
    assert _fetching.fetch([one, two], tmp_path, Watch()) == []
    assert len(server.asked) == asked
    (tmp_path / "a" / "one.bin").write_bytes(b"changed")
    (failed,) = _fetching.fetch([one, two], tmp_path, Watch())
    assert f"not the {digest} of checksums.txt" in str(failed)
    assert (tmp_path / "a" / "one.bin.wrong").read_bytes() == b"changed"
    assert _fetching.fetch([one, two], tmp_path, Watch()) == []
    assert (tmp_path / "a" / "one.bin").read_bytes() == BYTES


# Archives


def tar(kind="gz", **members):
    """A tar of names and bytes; a TarInfo stands for itself."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{kind}") as archive:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            data = b"" if info is content else content
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def linked(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def unpacked(tmp_path, name, data):
    folder = tmp_path / "set"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    count = _unpacking.unpack(folder / name, folder, *[lambda _: None] * 2)
    return count, {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - {name}


@pytest.mark.parametrize("kind", ["", "gz", "bz2", "xz"])
def test_tars_are_unpacked_where_they_lie(tmp_path, kind):
    data = tar(kind, **{"a/b/1.jpg": b"1", "./2.jpg": b"2", "dir": linked("dir", tarfile.DIRTYPE)})
    name = f"x.tar.{kind}" if kind else "x.tar"
    assert unpacked(tmp_path, name, data) == (2, {"a/b/1.jpg", "2.jpg"})
    assert (tmp_path / "set" / "a" / "b" / "1.jpg").read_bytes() == b"1"


def test_zips_are_unpacked_where_they_lie(tmp_path):
    assert unpacked(tmp_path, "x.ZIP", zipped(**{"a/1.jpg": b"1", "b/": b""})) == (1, {"a/1.jpg"})


OUTSIDE = ["../out.jpg", "a/../../out.jpg", "/tmp/out.jpg", "..\\out.jpg", "C:/out.jpg", "a\\..\\..\\out.jpg"]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_names_that_lead_out_refuse_the_archive_before_anything_is_written(tmp_path, kind, name):
    members = {"fine.jpg": b"1", name: b"2"}
    with pytest.raises(FetchFailed, match="outside of its folder; it was not unpacked"):
        unpacked(tmp_path, f"x.{kind}", tar("", **members) if kind == "tar" else zipped(**members))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["set", f"x.{kind}"]


@pytest.mark.parametrize(
    "member",
    [
        linked("l", tarfile.SYMTYPE, "/etc"), linked("l", tarfile.SYMTYPE, "../.."),
        linked("l", tarfile.LNKTYPE, "/etc/passwd"), linked("l", tarfile.CHRTYPE),
        linked("l", tarfile.BLKTYPE), linked("l", tarfile.FIFOTYPE),
    ],
    ids=lambda member: f"{member.type!r} {member.linkname}",
)  # fmt: skip
def test_links_and_devices_refuse_the_archive(tmp_path, member):
    with pytest.raises(FetchFailed, match="a link or device"):
        unpacked(tmp_path, "x.tgz", tar(**{"fine.jpg": b"1", "l": member, "l/passwd": b"2"}))
    assert not (tmp_path / "set" / "fine.jpg").exists()


def test_a_link_in_a_zip_refuses_it(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc")
    with pytest.raises(FetchFailed, match="a link or device"):
        unpacked(tmp_path, "x.zip", out.getvalue())


def test_a_link_that_lies_there_is_not_written_through(tmp_path):
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "1.jpg").symlink_to(precious)
    with pytest.raises(OSError, match=r"1\.jpg"):
        unpacked(tmp_path, "x.zip", zipped(**{"1.jpg": b"theirs"}))
    assert precious.read_bytes() == b"mine"


def test_bombs_and_crowds_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(_unpacking, "GROWTH_FROM", 10_000)
    for name, data in [
        ("x.zip", zipped(a=bytes(2_000_000))), ("x.tgz", tar(a=bytes(2_000_000))),
    ]:  # fmt: skip
        with pytest.raises(FetchFailed, match="more than a data set would"):
            unpacked(tmp_path, name, data)
        assert not (tmp_path / "set" / "a").exists()
    monkeypatch.setattr(_unpacking, "MOST_FILES", 2)
    with pytest.raises(FetchFailed, match="more than a data set would"):
        unpacked(tmp_path, "y.zip", zipped(a=b"1", b=b"2", c=b"3"))


def test_too_little_room_is_said_before_unpacking(tmp_path, monkeypatch):
    full = _unpacking.shutil.disk_usage(tmp_path)._replace(free=1)
    monkeypatch.setattr(_unpacking.shutil, "disk_usage", lambda _: full)
    with pytest.raises(FetchFailed, match="needs 3 bytes when unpacked, and the disk has 1"):
        unpacked(tmp_path, "x.zip", zipped(a=b"123"))


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "x.tar.bz2", "x.tar.xz", "x.zip"])
def test_a_damaged_archive_is_one_sentence(tmp_path, name):
    noise = hashlib.shake_128(b"x").digest(300_000)
    kind = name.rpartition(".")[2]
    whole = zipped(a=noise) if kind == "zip" else tar("" if kind == "tar" else kind, a=noise)
    middle = len(whole) // 2
    broken = [b"", noise, whole[:middle]]
    if kind not in ("tar",):  # a tar has no checksums of what it holds
        broken.append(whole[:middle] + bytes(64) + whole[middle + 64 :])
    for data in broken:
        (tmp_path / name).write_bytes(data)
        with pytest.raises(FetchFailed, match="is damaged and cannot be unpacked"):
            _unpacking.unpack(tmp_path / name, tmp_path, *[lambda _: None] * 2)


def test_an_archive_is_unpacked_once_and_may_go_after_that(server, tmp_path):
    data = tar(**{"jpg/1.jpg": b"1", "jpg/2.jpg": b"2"})
    one = source(server, "train/images.tgz", data, md5=hashlib.md5(data).hexdigest())
    watch = Watch()
    assert _fetching.fetch([one], tmp_path, watch) == []
    assert "train/images.tgz is unpacked: 2 files." in watch.said
    first = tmp_path / "train" / "jpg" / "1.jpg"
    first.unlink()
    assert _fetching.state(one, tmp_path) == "unpacked"
    _fetching.fetch([one], tmp_path, Watch())
    assert not first.exists()
    (tmp_path / "train" / "images.tgz").unlink()
    assert _fetching.fetch([one], tmp_path, Watch()) == []
    assert len(server.asked) == 1


def test_unpacking_that_is_stopped_is_done_again(server, tmp_path):
    one = source(server, "images.tar", tar("", a=BYTES, b=b"2"))
    with pytest.raises(_fetching.Stopped):
        _fetching.fetch([one], tmp_path, Watch(stop_after=7))  # 3 to fetch, 3 to check, 1 unpacked
    assert _fetching.state(one, tmp_path) == "here"
    assert not (tmp_path / "b").exists()
    watch = Watch()
    assert _fetching.fetch([one], tmp_path, watch) == []
    assert watch.stages[-1] == ("unpacking images.tar (MB)", 3)
    assert (tmp_path / "a").read_bytes() == BYTES
    assert len(server.asked) == 1


def test_an_archive_laid_there_by_hand_is_unpacked(tmp_path):
    (tmp_path / "mine.zip").write_bytes(zipped(a=b"1"))
    (tmp_path / "queries").mkdir()
    sources = [Source(name, "", "by mail") for name in ("mine.zip", "queries", "none.zip")]
    assert _fetching.fetch(sources, tmp_path, Watch()) == []
    assert (tmp_path / "a").read_bytes() == b"1"
    assert [_fetching.state(each, tmp_path) for each in sources] == ["unpacked", "here", "missing"]


def test_an_archive_with_a_wrong_checksum_is_not_unpacked(server, tmp_path):
    one = source(server, "images.tgz", tar(a=b"1"), md5="0" * 32)
    assert len(_fetching.fetch([one], tmp_path, Watch())) == 1
    assert [path.name for path in tmp_path.iterdir() if "lock" not in path.name] == ["images.tgz.wrong"]


# The verb


def run(*words, **environment):
    return typer.testing.CliRunner().invoke(cli.app(), ["data", *map(str, words)], env=environment)


def test_the_verb_lists_all_sets_and_which_are_here(tmp_path):
    replicas.npu(tmp_path / "npu")
    told = json.loads(run("--json", RESIGHT_DATA=str(tmp_path)).output)
    assert sorted(told) == methods.names("datasets")
    assert [name for name, each in told.items() if each["here"]] == ["npu"]
    lines = run(RESIGHT_DATA=str(tmp_path), XDG_CACHE_HOME=str(tmp_path)).output.splitlines()
    assert len(lines) == len(told)
    assert any(line.startswith("npu ") and " here " in line for line in lines)
    kept = tmp_path / "resight" / "evaluations" / "a" / "gallery"
    kept.mkdir(parents=True)
    (kept / "vectors").write_bytes(bytes(2_000_000))
    (kept.parent / "photos").symlink_to(tmp_path / "npu", target_is_directory=True)
    *_, last = run(XDG_CACHE_HOME=str(tmp_path)).output.splitlines()
    assert last.startswith("Evaluations keep 2 MB in ")


def test_the_verb_tells_of_a_folder_that_has_no_name_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(replicas.npu(tmp_path / "npu"))
    told = json.loads(run("npu", "--root", ".", "--json").output)
    assert ([each["state"] for each in told["files"]], told["photos"]) == (["here"], 9)


def test_the_verb_tells_what_is_needed_and_what_is_there(tmp_path):
    told = run("metu", RESIGHT_DATA=None)
    assert told.exit_code == 0
    assert "asked for by mail" in told.output
    assert "Not ready: say where it lies with --root" in told.output
    replicas.metu(tmp_path)
    told = json.loads(run("metu", "--root", tmp_path, "--json").output)
    assert (told["photos"], told["queries"], told["error"]) == (15, 9, None)
    assert [each["state"] for each in told["files"]] == ["here", "here"]
    assert "15 photos, 9 queries" in run("metu", "--root", tmp_path).output
    few = run("google-landmarks-v2-clean", "--root", tmp_path, "--only", "train/*7.tar").output
    assert "and 38 more; --json lists them all" in few


def test_the_verb_tells_of_ones_own_photos_by_their_path(tmp_path):
    own = replicas.folder(tmp_path / "photos")
    told = run("folder").output
    assert "--root" not in told
    assert "A row asks for the other photos of its instance" in told
    assert "`resight data photos`" in told
    told = json.loads(run(own, "--json").output)
    assert (told["name"], told["folder"], told["error"]) == ("folder", str(own), None)
    assert f"{told['photos']} photos, {told['queries']} queries" in run(own).output
    assert run(own).output == run("folder", "--root", own).output
    named = replicas.table(tmp_path / "table") / "groundtruth.csv"
    assert json.loads(run(named, "--json").output)["queries"] > 0
    gone = run(tmp_path / "gone").exception
    assert "No data set, folder or CSV file called" in str(gone)


def test_published_figures_are_listed_where_they_are_asked_for():
    told, listed = run("metu").output, run("metu", "--published").output
    assert len(told.splitlines()) < 12
    assert "Tursun" not in told
    count = len(json.loads(run("metu", "--json").output)["published"])
    assert f"Papers print {count} figures for it: `resight data metu --published`" in told
    assert listed.count("(Tursun et al. 2020, ") >= 30
    assert len(listed.splitlines()) == count + 3
    assert "none" in run("npu", "--published").output


def test_what_must_be_fetched_by_hand_says_so(tmp_path):
    assert "by hand" in run("holidays").output
    done = run("holidays", "--fetch", "--root", tmp_path)
    assert done.exit_code == 1
    assert f"lay it at {tmp_path / 'jpg' / 'jpg1.tar.gz'}" in done.output
    pages = methods.ROOT.parents[1] / "docs" / "evaluation.md"
    assert "must be fetched by hand" in pages.read_text(encoding="utf8")


def test_the_verb_fetches_and_says_what_failed(server, tmp_path, monkeypatch):
    page = replicas.google_landmarks_v2_clean(tmp_path / "there")
    table = (page / "train_clean.csv").read_bytes()
    module = methods.module("datasets", "google-landmarks-v2-clean")
    needed = (source(server, "train_clean.csv", table), Source("train/x.tar", server.address("no"), ""))
    monkeypatch.setattr(module, "NEEDED", needed)
    done = run("google_landmarks_v2_clean", "--fetch", "--only", "*.csv", RESIGHT_DATA=str(tmp_path / "all"))
    assert done.exit_code == 0, done.output
    home = tmp_path / "all" / "google_landmarks_v2_clean"
    assert (home / "train_clean.csv").read_bytes() == table
    assert "Not ready: None of the 9 photos" in done.output
    done = run("google-landmarks-v2-clean", "--fetch", "--root", home)
    assert done.exit_code == 1
    assert "is not there any more (404)" in done.output


FETCHING = """
import sys
from resight import cli, methods
from resight.fetching.sources import Source
methods.module("datasets", "npu").NEEDED = (Source("photos.bin", sys.argv[1], ""),)
sys.argv = ["resight", "data", "npu", "--fetch", "--root", sys.argv[2]]
cli.main()
"""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_the_part_and_the_same_command_goes_on(server, tmp_path, sign):
    server.slow = True
    one = source(server)
    line = [sys.executable, "-c", FETCHING, one.url, str(tmp_path)]
    running = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    part = tmp_path / "photos.bin.part"
    until = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size > 200_000):
        assert time.monotonic() < until
        assert running.poll() is None, running.communicate()
        time.sleep(0.01)
    running.send_signal(sign)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "Traceback" not in err
    assert "the same command goes on" in err
    assert 200_000 < part.stat().st_size < len(BYTES)
    server.slow = False
    assert _fetching.fetch([one], tmp_path, Watch()) == []
    assert server.asked[-1][1] is not None
    assert (tmp_path / "photos.bin").read_bytes() == BYTES
