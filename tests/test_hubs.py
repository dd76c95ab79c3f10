"""Weights that must be fetched where nobody answers, or a proxy refuses: one sentence, and soon."""

import contextlib
import hashlib
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import huggingface_hub
import pytest
import safetensors.torch
import timm
import torch

from resight import engines
from resight.backbones import _hubs
from resight.errors import NetworkUnavailable
from resight.recipe import Backbone
from support import small

NETWORKS = ["torchvision:resnet18", "timm:test_resnet"]
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
REFUSED = "HTTP/1.1 {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
ANSWERS = {
    "403": REFUSED.format("403 Forbidden"),
    "407": REFUSED.format("407 Proxy Authentication Required"),
    "silent": None,
    "of another protocol": "\x05\x00",
}


@contextlib.contextmanager
def listening(answer):
    """The port of a server that says the same to everybody, or nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server, contextlib.ExitStack() as kept:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    one = kept.enter_context(server.accept()[0])
                    if answer is not None:
                        with one:
                            one.recv(65536)
                            one.sendall(answer.encode("latin-1"))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture(params=[*ANSWERS, "closed", "SOCKS"])
def proxy(request):
    """A kind of proxy, and its address."""
    if request.param in ANSWERS:
        with listening(ANSWERS[request.param]) as port:
            yield request.param, f"http://127.0.0.1:{port}"
        return
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield request.param, f"{'socks5' if request.param == 'SOCKS' else 'http'}://127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def _nothing_kept(tmp_path, monkeypatch):
    """No weights were fetched before, and no proxy is set, nor remembered."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    huggingface_hub.close_session()
    yield
    huggingface_hub.close_session()


def load(network):
    return engines.load(Backbone(network, "imagenet", ("layer3",)), "torch")


@pytest.mark.parametrize("network", NETWORKS)
def test_a_proxy_that_refuses_or_is_not_there_is_one_sentence_and_soon(network, proxy, monkeypatch):
    kind, address = proxy
    monkeypatch.setattr(_hubs, "PATIENCE", 1.5)
    for name in PROXIES[:3]:
        monkeypatch.setenv(name, address)
    begun = time.monotonic()
    with pytest.raises(NetworkUnavailable, match=r"^The weights 'imagenet' .* or name a file") as found:
        load(network)
    assert time.monotonic() - begun < 10
    assert "\n" not in str(found.value)
    told = {"403": "403 Forbidden", "407": "407 Proxy", "silent": "no answer within 1.5 seconds",
            "closed": "refused"}  # fmt: skip
    assert told.get(kind, "") in str(found.value)


@pytest.mark.parametrize("network", NETWORKS)
def test_without_any_network_it_is_the_same(network, monkeypatch):
    def lookup(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", lookup)
    begun = time.monotonic()
    with pytest.raises(NetworkUnavailable, match="Name or service not known"):
        load(network)
    assert time.monotonic() - begun < 10


def test_a_name_that_is_looked_up_for_long_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(_hubs, "PATIENCE", 0.2)
    asleep = threading.Event()
    with pytest.raises(_hubs.Unreachable, match=r"no answer within 0\.2 seconds"):
        _hubs.answered(asleep.wait)
    asleep.set()
    _hubs.answered(asleep.wait)


def test_the_command_says_so_with_its_code(tmp_path):
    small.draw(tmp_path / "photos" / "1.png", 1)
    recipe = small.toml({"name": "hub", "backbone": small.NETWORK | {"weights": "imagenet"}}, tmp_path)
    with listening(ANSWERS["407"]) as port:
        where = {name: f"http://127.0.0.1:{port}" for name in PROXIES[:3]} | {"NO_PROXY": ""}
        where |= {"HF_HOME": str(tmp_path), "TORCH_HOME": str(tmp_path)}
        done = small.command("index", tmp_path / "photos", "--recipe", recipe, env=where)
        _, told = done.communicate(timeout=100)
    assert done.returncode == 2
    assert told.splitlines()[-1].startswith("resight: The weights 'imagenet' of timm:test_resnet could not")
    assert "Traceback" not in told


class Hub(BaseHTTPRequestHandler):
    """As much of a hub of models as one file of weights needs; it also tells what it was asked."""

    data = b""
    asked: list[str]

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.asked.append(f"{self.command} {self.path}")
        here = self.path.endswith("/resolve/main/model.safetensors")
        self.send_response(200 if here or "/resolve/" not in self.path else 404)
        self.send_header("ETag", f'"{hashlib.sha256(self.data).hexdigest()}"')
        self.send_header("X-Repo-Commit", "a" * 40)
        self.send_header("X-Error-Code", "" if here else "EntryNotFound")
        self.send_header("Content-Length", str(len(self.data) if here else 0))
        self.end_headers()
        return here

    def do_GET(self):
        if self.do_HEAD():
            self.wfile.write(self.data)


FETCHED = """
import sys
from resight import engines
from resight.recipe import Backbone
print(engines.load(Backbone("timm:test_resnet", "imagenet", ("layer3",)), "torch").weights)
"""


def test_weights_that_were_fetched_once_need_no_hub(tmp_path):
    torch.manual_seed(5)
    handler = type("OneHub", (Hub,), {"asked": []})
    handler.data = safetensors.torch.save(timm.create_model("test_resnet").state_dict())
    line = [sys.executable, "-W", "ignore", "-c", FETCHED]
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        where = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path), "NO_PROXY": "*", "HF_HUB_DISABLE_XET": "1"}
        where |= {name: value for name, value in small.os.environ.items() if name not in where}
        first = subprocess.run(line, capture_output=True, text=True, env=where, check=True).stdout
        assert handler.asked[0] == "HEAD /"
        server.shutdown()
    again = subprocess.run(line, capture_output=True, text=True, env=where, check=True).stdout
    assert first == again != ""


def test_other_errors_of_a_library_stay_what_they_are(monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr(_hubs, "answered", lambda ask: None)
    monkeypatch.setattr("torchvision.models.get_model", broken)
    with pytest.raises(ZeroDivisionError):
        load("torchvision:resnet18")
