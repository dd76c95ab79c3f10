"""What strangers try with a service: each attempt fails, and the service lives on. All input is harmless."""

import asyncio
import hashlib
import io
import os
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the service is an extra: pip install 'resight[serve]'")

from PIL import Image

from resight.errors import BadImage, BadSetting
from resight.serving.bodies import Body
from resight.serving.decoding import Decoders
from resight.serving.problems import Problem
from resight.serving.rates import Rates
from resight.serving.settings import Limits, Settings
from resight.serving.starting import must_be_safe, read_tokens
from support import serving, small

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
TOKEN = "a token of sufficient length"


@pytest.fixture(scope="module")
def album(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("safe") / "album"
    small.album(root, 4)
    small.index(root, small.PLAIN)
    return root


@pytest.fixture(scope="module")
def client(album):
    with serving.served(album, load=False) as found:
        yield found


@pytest.fixture(scope="module")
def guarded(album):
    with serving.served(
        album, load=False, tokens=(TOKEN,), host="0.0.0.0", names=("photos.example",)
    ) as found:
        yield found


def bomb(side):
    """A PNG that says it has side x side pixels, and is some hundred bytes long."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


# Who may ask


def test_another_host_is_refused_so_that_names_cannot_be_rebound(client):
    for host in ("evil.example", "127.0.0.1.evil.example", "evil.example:8000", "", "localhost.evil"):
        assert client.get("/v1/galleries", headers={"Host": host}).status_code == 421, host
    for host in ("127.0.0.1:9999", "localhost", "[::1]:8000"):
        assert client.get("/v1/galleries", headers={"Host": host}).status_code == 200, host


def test_pages_of_other_origins_are_refused(client):
    data = small_png()
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ):
        assert client.post("/v1/uploads", content=data, headers=headers).status_code == 403, headers
        assert client.get("/v1/galleries", headers=headers).status_code == 403, headers
    answer = client.options("/v1/galleries", headers={"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    own = client.get("/v1/galleries", headers={"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"})
    assert own.status_code == 200
    led = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/", headers=led).status_code == 200


def test_every_answer_says_how_it_may_be_used(client):
    for path in ("/", "/health", "/v1/galleries", "/nothing", "/v1/galleries/x/images"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert "default-src 'self'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"], path
        assert headers["cross-origin-resource-policy"] == "same-origin", path


def test_a_token_is_asked_for_and_guesses_are_stopped(album):
    with serving.served(album, load=False, tokens=(TOKEN,)) as client:
        refused = client.get("/v1/galleries")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert client.get("/metrics").status_code == 401
        assert client.get("/health").status_code == 200
        assert client.get("/").status_code == 200
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/v1/galleries", headers=right).status_code == 200
        assert client.get(f"/v1/galleries?token={TOKEN}").status_code == 401
        codes = [
            client.get("/v1/galleries", headers={"Authorization": f"Bearer {TOKEN}{i}"}).status_code
            for i in range(20)
        ]
        assert codes[0] == 401
        assert codes[-1] == 429
        assert client.get("/v1/galleries", headers=right).status_code == 200


def test_the_page_has_a_cookie_that_no_script_and_no_other_site_gets(guarded):
    assert guarded.post("/session", json={"token": "wrong but long enough"}).status_code == 401
    answer = guarded.post("/session", json={"token": TOKEN})
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie
    assert guarded.get("/v1/galleries").status_code == 200
    guarded.cookies.clear()
    assert guarded.get("/v1/galleries", headers={"Cookie": "resight=00"}).status_code == 401
    assert guarded.get("/v1/galleries", headers={"Host": "photos.example"}).status_code == 401
    assert guarded.get("/v1/galleries", headers={"Host": "0.0.0.0"}).status_code == 421


def test_other_addresses_than_loopback_need_a_token(album, tmp_path):
    with pytest.raises(BadSetting, match="--token-file"):
        must_be_safe(Settings((album,), host="0.0.0.0"))
    must_be_safe(Settings((album,), host="0.0.0.0", tokens=(TOKEN,)))
    must_be_safe(Settings((album,)))
    (tmp_path / "short").write_text("secret\n")
    with pytest.raises(BadSetting, match="16 letters"):
        read_tokens(tmp_path / "short")
    (tmp_path / "tokens").write_text(f"{TOKEN}\n\n{TOKEN}2\n")
    assert read_tokens(tmp_path / "tokens") == (TOKEN, f"{TOKEN}2")


def test_one_caller_may_ask_so_often_and_others_still_may():
    rates = Rates(2.0, burst=2)
    for _ in range(4):
        rates.refuse_too_many("one", 0.0)
    with pytest.raises(Problem) as refused:
        rates.refuse_too_many("one", 0.0)
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
    rates.refuse_too_many("other", 0.0)
    rates.refuse_too_many("one", 0.6)


# What may be sent


def test_a_large_body_is_refused_before_it_is_read(album):
    with serving.served(album, load=False, limits=Limits(upload_bytes=1000)) as client:
        answer = client.post("/v1/uploads", content=bytes(1001))
        assert answer.status_code == 413
        assert answer.json()["limit"] == 1000
        assert answer.headers["connection"] == "close"

        def pieces():
            for _ in range(20):
                yield bytes(100)

        assert client.post("/v1/uploads", content=pieces()).status_code == 413
        huge = client.post("/v1/galleries/album/search", content=b" " * (2 << 20))
        assert huge.status_code == 413


def test_a_slow_body_is_given_up():
    async def never():
        await asyncio.sleep(60)

    async def ask():
        body = Body(never, 100, Limits(body_seconds=0.05))
        with pytest.raises(Problem) as refused:
            await body.receive()
        return refused.value.status, body.is_broken

    with ThreadPoolExecutor(1) as other:  # a browser of another test may have a loop in this thread
        assert other.submit(asyncio.run, ask()).result() == (408, True)


def test_a_bomb_is_refused_by_its_header(client):
    begun = time.monotonic()
    answer = client.post("/v1/uploads", content=bomb(100_000))
    assert answer.status_code == 422
    assert "megapixels" in answer.json()["detail"]
    assert time.monotonic() - begun < 20


def test_what_needs_too_much_memory_is_refused_and_the_decoder_lives_on():
    decoders = Decoders(1, Limits(decoder_bytes=600 << 20))
    try:
        with pytest.raises(BadImage):
            decoders.picture(bomb(30_000), 100, 10**10)
        assert decoders.picture(small_png(), 100, 10**8).width == 64
    finally:
        decoders.close()


def test_what_takes_too_long_is_killed_and_the_next_photo_is_decoded(monkeypatch):
    decoders = Decoders(1, Limits(decoder_seconds=30))
    slow = Decoders(1, Limits(decoder_seconds=1e-6))
    try:
        with pytest.raises(BadImage, match="longer than"):
            slow.picture(small_png(), 100, 10**8)
        assert decoders.picture(small_png(), 100, 10**8).width == 64
    finally:
        decoders.close()
        slow.close()


def test_a_decoder_writes_no_file_and_gets_no_secrets(monkeypatch):
    monkeypatch.setenv("RESIGHT_TOKEN", TOKEN)
    decoders = Decoders(1, Limits())
    try:
        decoders.picture(small_png(), 100, 10**8)
        (decoder,) = decoders._all
        process = decoder.start()
        limits = Path(f"/proc/{process.pid}/limits")
        if not limits.exists():
            pytest.skip("this system does not say what limits a process has")
        assert "Max file size             0" in limits.read_text()
        assert TOKEN.encode() not in Path(f"/proc/{process.pid}/environ").read_bytes()
    finally:
        decoders.close()


HOSTILE = {
    "nothing": b"",
    "text": b"hello" * 100,
    "a page": b"<!doctype html><script>alert(1)</script>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "a gif that is a page": b"GIF89a<script>alert(1)</script>",
    "a jpeg that is a page": b"\xff\xd8\xff\xe0<html><script>alert(1)</script>",
    "zip": b"PK\x03\x04" + bytes(100),
    "elf": b"\x7fELF" + bytes(100),
    "ico": b"\0\0\1\0\1\0" + bytes(64),
    "zeros": bytes(5000),
    "an empty box": b"\0\0\0\x18ftypheic" + bytes(64),
    "webp": b"RIFF\xff\xff\xff\xffWEBPVP8L" + bytes(32),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_photo_is_refused_in_a_sentence(client, kind):
    answer = client.post("/v1/uploads", content=HOSTILE[kind], headers={"Content-Type": "image/jpeg"})
    assert 400 <= answer.status_code < 500
    assert answer.json()["detail"].endswith(".")
    assert "alert" not in answer.text
    assert client.get("/health").status_code == 200


def test_a_type_that_is_no_photo_is_not_even_read(client):
    for kind in ("text/html", "application/json", "text/plain"):
        answer = client.post("/v1/uploads", content=small_png(), headers={"Content-Type": kind})
        assert answer.status_code == 415, kind


# What may be read


def test_no_path_leads_out(client, album):
    for name in ("../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "a/000.png"):
        for address in (
            f"/page/{name}", f"/v1/galleries/album/images/{name}",
            f"/v1/galleries/album/images/{name}/original",
            f"/v1/uploads/{name}/preview", f"/v1/galleries/{name}/images",
        ):  # fmt: skip
            answer = client.get(address)
            assert answer.status_code in (404, 405, 422), address
            assert b"root:" not in answer.content
    under = client.get("/v1/galleries/album/images", params={"under": "../../etc"}).json()
    assert (under["images"], under["folders"]) == ([], [])


def test_another_gallery_is_not_read_through_this_one(album, tmp_path):
    other = tmp_path / "other"
    small.album(other, 3, seed=7)
    small.index(other, small.PLAIN)
    with serving.served(album, other, load=False) as client:
        foreign = serving.ids(client, "other")["a/000.png"]
        for end in ("", "/original", "/thumbnail", "/preview"):
            assert client.get(f"/v1/galleries/album/images/{foreign}{end}").status_code == 404
        body = {"image": foreign}
        assert client.post("/v1/galleries/album/search", json=body).status_code == 404


def test_a_link_in_a_photos_place_gives_nothing_away(tmp_path):
    root = tmp_path / "photos"
    names = small.album(root, 3)
    small.index(root, small.PLAIN)
    secret = tmp_path / "secret.png"
    small.draw(secret, 99)
    with serving.served(root, load=False) as client:
        number = serving.ids(client, "photos")[names[0]]
        address = f"/v1/galleries/photos/images/{number}"
        assert client.get(f"{address}/original").content == (root / names[0]).read_bytes()
        (root / names[0]).unlink()
        (root / names[0]).symlink_to(secret)
        for end in ("/original", "/thumbnail", "/preview"):
            assert client.get(address + end).status_code == 410, end
        (root / names[0]).unlink()
        os.mkfifo(root / names[0])
        assert client.get(f"{address}/original").status_code == 410


def test_an_original_is_bytes_to_be_saved_and_nothing_to_be_run(client, album):
    number = serving.ids(client, "album")["a/000.png"]
    answer = client.get(f"/v1/galleries/album/images/{number}/original")
    assert hashlib.sha256(answer.content).hexdigest() == number
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


def test_a_script_in_a_name_stays_text_in_json(tmp_path):
    root = tmp_path / "<img src=x onerror=alert(1)>"
    name = "<script>alert('x')</script>.png".replace("/", "_")
    small.draw(root / name, 1)
    small.draw(root / "b.png", 2)
    small.index(root, small.PLAIN)
    with serving.served(root, load=False) as client:
        (told,) = client.get("/v1/galleries").json()["galleries"]
        assert "<" not in told["name"]
        listed = client.get(f"/v1/galleries/{told['name']}/images")
        assert listed.headers["content-type"] == "application/json"
        assert name in [each["path"] for each in listed.json()["images"]]


def test_no_answer_names_a_path_of_the_server(client, album):
    number = serving.ids(client, "album")["a/000.png"]
    answers = [
        client.get("/v1/galleries"),
        client.get("/v1/galleries/album/images"),
        client.get(f"/v1/galleries/album/images/{number}"),
        client.post("/v1/galleries/album/search", json={"image": number, "under": "nothing"}),
        client.post("/v1/galleries/album/search", json={"image": number, "rerank": "geometry"}),
        client.post("/v1/galleries/album/search", json={"image": number, "rerank": "nothing"}),
        client.post("/v1/galleries/album/search", json={"image": number, "max_false_positives": 0.1}),
        client.get("/v1/openapi.json"),
        client.get("/metrics"),
    ]
    for answer in answers:
        assert str(album) not in answer.text
        assert str(Path(__file__).parent) not in answer.text


def small_png(seed=600):
    data = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()
