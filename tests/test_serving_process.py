"""The service as processes and sockets: killed under writes, asked slowly, and by many at once."""

import concurrent.futures
import contextlib
import http.client
import io
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the service is an extra: pip install 'resight[serve]'")

import uvicorn
from PIL import Image

from resight.gallery import snapshot_of
from resight.serving.application import make_application
from resight.serving.lines import Line
from resight.serving.problems import Busy
from resight.serving.protocol import careful
from resight.serving.service import Service
from resight.serving.settings import Limits, Settings
from resight.serving.together import Together
from resight.stores.memory_map import memory_map
from support import serving, small

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)


@pytest.fixture
def album(tmp_path) -> Path:
    root = tmp_path / "album"
    small.album(root, 6)
    small.index(root, small.PLAIN)
    return root


@contextlib.contextmanager
def started(*arguments):
    """`resight serve` in a process of its own; its port."""
    process = small.command("serve", *arguments, "--port", "0")
    try:
        line = process.stderr.readline()
        port = int(re.search(r":(\d+)/", line)[1])
        yield process, port
    finally:
        process.kill()
        process.communicate()


def ask(port, method, path, body=None, kind="application/json"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def wait_until_ready(port):
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            if ask(port, "GET", "/ready")[0] == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the service does not become ready")


def png(seed):
    data = io.BytesIO()
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(patches).resize((64, 48)).save(data, "PNG")
    return data.getvalue()


def test_what_was_acknowledged_is_there_after_a_kill(album):
    """Photos are added and marked by several threads; the process is killed among them."""
    with snapshot_of(album / ".resight") as snapshot:
        first = snapshot.catalogue.image(1).sha256.hex()
    added, marked = [], []

    def write(number, port):
        for own in range(1000):
            seed = 1000 * number + own
            with contextlib.suppress(OSError, http.client.HTTPException):
                path = f"/v1/galleries/album/images?path=new/{seed}.png"
                status, body = ask(port, "POST", path, png(seed), "image/png")
                if status != 201:
                    continue
                added.append((f"new/{seed}.png", json.loads(body)["id"]))
                mark = {"query": first, "hit": added[-1][1], "mark": "different"}
                if ask(port, "POST", "/v1/galleries/album/marks", json.dumps(mark))[0] == 204:
                    marked.append(mark["hit"])
                continue
            return

    with started(album, "--writable") as (process, port):
        wait_until_ready(port)
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            for number in range(3):
                pool.submit(write, number, port)
            until = time.monotonic() + 60
            while len(marked) < 6 and time.monotonic() < until:
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
    assert len(marked) >= 6
    assert not small.damage(album / ".resight")
    with started(album, "--writable") as (_, port):
        listed = json.loads(ask(port, "GET", "/v1/galleries/album/images?limit=1000")[1])["images"]
        known = {each["path"]: each["id"] for each in listed}
        told = json.loads(ask(port, "GET", "/v1/galleries/album/marks")[1])["marks"]
    assert [pair for pair in added if known.get(pair[0]) != pair[1]] == []
    assert set(marked) <= {each["first"] for each in told} | {each["second"] for each in told}
    assert not list(album.rglob("*.unfinished")) or small.index(album).failed == 0


def test_a_signal_ends_it_in_order(album):
    with started(album) as (process, port):
        assert ask(port, "GET", "/health")[0] == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, 130, -signal.SIGTERM)


def test_an_address_that_is_taken_is_said_in_a_sentence(album):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = small.command("serve", album, "--port", str(port))
        _, told = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "name another with --port" in told


def test_what_listens_first_loads_no_network():
    code = (
        "import sys, resight.serving.application, resight.serving.service\n"
        "heavy = ('torch', 'openvino', 'cv2', 'PIL', 'matplotlib', 'scipy')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert done.stdout == "[]\n", done.stdout + done.stderr


@contextlib.contextmanager
def listening(album, limits):
    """A service on a socket, in a thread."""
    service = Service(Settings((album,), limits=limits, workers=1))
    service.describers.start = lambda: None
    config = uvicorn.Config(make_application(service), http=careful(limits), log_level="error", port=0)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as own:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [own]})
        thread.start()
        try:
            yield own.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(60)


def raw(port, *pieces, pause=0.0):
    """What comes back for bytes that are sent piece by piece."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        with contextlib.suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        answer = b""
        with contextlib.suppress(OSError):
            while more := connection.recv(65536):
                answer += more
        return answer


def test_headers_are_neither_large_nor_slow(album):
    limits = Limits(header_bytes=4000, header_seconds=0.5, body_seconds=0.5)
    start = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    with listening(album, limits) as port:
        assert b" 200 " in raw(port, start + b"\r\n")
        assert b" 431 " in raw(port, start + b"X-Long: " + b"x" * 5000 + b"\r\n\r\n")
        many = b"".join(b"X-%d: y\r\n" % number for number in range(1000))
        assert b" 431 " in raw(port, start + many + b"\r\n")
        assert b" 431 " in raw(port, start + b"X-Long: ", *[b"x" * 1000] * 8, pause=0.01)
        assert b" 408 " in raw(port, start)
        assert b" 408 " in raw(port)
        slow = b"POST /v1/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nabc"
        assert b" 408 " in raw(port, slow)
        early = b"POST /v1/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n"
        answer = raw(port, early + bytes(1000))
        assert b" 413 " in answer
        assert b"connection: close" in answer.lower()
        for nonsense in (b"\0\1\2\3\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01" + bytes(100)):
            assert b" 200 " not in raw(port, nonsense)
        assert b" 200 " in raw(port, start + b"\r\n")


def test_a_full_line_is_said_and_empties_again():
    line, gate = Line("test", 1, 1), threading.Event()
    first, second = line.submit(gate.wait), line.submit(gate.wait)
    with pytest.raises(Busy) as refused:
        line.submit(gate.wait)
    assert refused.value.headers == {"Retry-After": "2"}
    gate.set()
    assert first.result(10)
    assert second.result(10)
    line.submit(gate.wait).result(10)
    line.close()


def test_queries_that_come_together_find_what_each_finds_alone():
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((5000, 32)).astype(np.float32)
    queries = rng.standard_normal((40, 1, 32)).astype(np.float32)
    store, together = memory_map(1, 32), Together()
    store.add(0, rows, lambda: np.arange(5000))
    store.delete(np.array([3, 70, 4999]))
    alone = [store.search(query, 7 + number % 3) for number, query in enumerate(queries)]
    gate = threading.Barrier(20)

    def ask_one(number):
        if number < 20:
            gate.wait(30)
        pair = np.concatenate([queries[number], queries[number - 1]])  # some ask for two at once
        asked = pair if number % 2 else queries[number]
        return together.search_each("state", store, asked, [7 + number % 3, 3][: len(asked)])

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        found = list(pool.map(ask_one, range(40)))
    for number, ((rows_alone, scores_alone), (first, *second)) in enumerate(zip(alone, found, strict=True)):
        np.testing.assert_array_equal(rows_alone, first[0])
        np.testing.assert_allclose(scores_alone, first[1], atol=1e-5)
        assert len(second) == number % 2
        if second:
            np.testing.assert_array_equal(alone[number - 1][0][:3], second[0][0])
    each = store.search_each(queries[:, 0], [7 + number % 3 for number in range(40)])
    for (rows_alone, _), (rows_found, _) in zip(alone, each, strict=True):
        np.testing.assert_array_equal(rows_alone, rows_found)


def test_an_error_of_a_search_reaches_all_who_wait_for_it():
    store, together = memory_map(1, 4), Together()
    store.add(0, np.ones((2, 4), np.float32), lambda: np.arange(2))
    with pytest.raises(ValueError, match=r"shape|size|mismatch"):
        together.search_each("state", store, np.ones((1, 3), np.float32), [1])
    ((rows, _),) = together.search_each("state", store, np.ones((1, 4), np.float32), [1])
    assert len(rows) == 1


def test_photos_of_one_shape_are_described_together_where_the_engine_takes_several(album):
    """A describer that says it takes four: as many calls as are needed, and what each photo gives alone."""
    from resight.describing.describer import describer_like
    from resight.images import Photo
    from resight.serving.describing import Describing

    with snapshot_of(album / ".resight") as snapshot:
        describer = describer_like(snapshot, "torch", 1, 4)
    rng = np.random.default_rng(5)
    photos = [Photo(rng.integers(0, 256, (48, 64, 3), np.uint8), 64, 48) for _ in range(8)]
    photos += [Photo(rng.integers(0, 256, (64, 48, 3), np.uint8), 48, 64) for _ in range(2)]
    alone, calls, describe_all = [describer(photo) for photo in photos], [], describer.describe_all
    describer.describe_all = lambda looks: calls.append(len(looks)) or describe_all(looks)
    describing, gate = Describing(), threading.Barrier(10)

    def describe(photo):
        gate.wait(60)
        return describing.describe(describer, photo, None)

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        found = list(pool.map(describe, photos))
    for one, other in zip(alone, found, strict=True):
        np.testing.assert_allclose(one.vectors, other.vectors, atol=1e-4)
    assert sum(calls) == 10
    assert len(calls) < 10
    assert max(calls) <= 4


def mutated(seed):
    """A photo of some kind with some of its bytes changed, cut or doubled; or bytes of no kind."""
    rng = np.random.default_rng(seed)
    kind = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM")[seed % 7]
    data = io.BytesIO()
    pixels = rng.integers(0, 256, (int(rng.integers(1, 40)), int(rng.integers(1, 40)), 3), dtype=np.uint8)
    Image.fromarray(pixels).save(data, kind)
    found = bytearray(data.getvalue())
    how = seed // 7 % 4
    if how == 0:
        for place in rng.integers(0, len(found), 1 + len(found) // 20):
            found[place] = int(rng.integers(0, 256))
    elif how == 1:
        del found[int(rng.integers(0, len(found))) :]
    elif how == 2:
        place = int(rng.integers(0, len(found)))
        found[place:place] = rng.bytes(int(rng.integers(1, 3000)))
    else:
        found[: int(rng.integers(1, 64))] = rng.bytes(64)
    return bytes(found)


def hostile(client, count, first=0):
    """Upload so many broken photos; the status of each."""
    codes = {}
    for seed in range(first, first + count):
        answer = client.post("/v1/uploads", content=mutated(seed))
        codes[answer.status_code] = codes.get(answer.status_code, 0) + 1
    return codes


def test_broken_photos_are_photos_or_refused(album):
    with serving.served(album, load=False) as client:
        codes = hostile(client, 56)
        assert set(codes) <= {201, 413, 415, 422}, codes
        assert codes[415] + codes[422] > 10
        assert client.get("/health").status_code == 200


@pytest.mark.soak
def test_two_thousand_broken_photos_and_the_memory_stays(album):
    with started(album) as (process, port):
        wait_until_ready(port)
        status = Path(f"/proc/{process.pid}/status")
        before = memory(status)
        codes = {}
        for seed in range(2000):
            code, _ = ask(port, "POST", "/v1/uploads", mutated(seed), "image/jpeg")
            codes[code] = codes.get(code, 0) + 1
        assert set(codes) <= {201, 413, 415, 422}, codes
        assert memory(status) - before < 100
        assert ask(port, "GET", "/health")[0] == 200


def memory(status):
    """Anonymous memory in MiB."""
    line = next(line for line in status.read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024
