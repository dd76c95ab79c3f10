"""Whether the hub of a library's weights answers: asked once, before the library tries for a minute."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlparse

from resight.patience import within

PATIENCE = 4.0  # seconds until an answer, in all
PROXY_REFUSES = 407
# The libraries that a hub is reached by; not all of their errors are those of the system.
CONNECTIONS = {"http", "httpcore", "httpcore2", "httpx", "httpx2", "huggingface_hub", "requests", "urllib3"}

Ask = Callable[[], None]


class Unreachable(OSError):
    """A hub, or a proxy before it, does not answer, or refuses; the message says which."""


def must_answer(library: str, name: str, weights: str) -> None:
    """Raise Unreachable where the weights of a network must be fetched, and their hub cannot be reached."""
    ask = {"torchvision": _torchvision, "timm": _timm}[library](name, weights)
    if ask:
        answered(ask)


def answered(ask: Ask) -> None:
    """Raise Unreachable without an answer."""
    try:
        within(PATIENCE, ask)
    except TimeoutError as error:
        raise Unreachable(str(error)) from error
    except Exception as error:  # whatever a library says to its proxy, or to a SOCKS one
        raise Unreachable(_reason(error)) from error


def _reason(error: Exception) -> str:
    why = error.reason if type(error) is urllib.error.URLError else error
    words = getattr(why, "strerror", None) or next(iter(str(why).splitlines()), "")
    return f"{type(why).__name__}: {words}".removesuffix(": ")


def of_network(error: Exception) -> bool:
    """Whether an error is one of a connection, in whichever library, or of what came over it."""
    homes = {each.__module__.partition(".")[0] for each in type(error).__mro__}
    return isinstance(error, OSError) or bool(homes & CONNECTIONS) or "invalid hash value" in str(error)


def _torchvision(name: str, weights: str) -> Ask | None:
    """None where the weights are here already, or have no such name."""
    from torchvision import models

    if name not in models.list_models(module=models):
        return None
    own = models.get_model_weights(name)
    known = {"imagenet": own.DEFAULT} | {each.name: each for each in own}
    return _page(known[weights].url) if weights in known else None


def _timm(name: str, weights: str) -> Ask | None:
    """The same; timm takes weights from the hub where that has them, else from an address."""
    import timm

    if not timm.is_model(name) or weights != "imagenet":
        return None
    try:
        source = timm.models.get_pretrained_cfg(name)
    except RuntimeError:  # no such set of weights: timm names those that there are
        return None
    if source is None or not source.has_weights:
        return None
    if not source.hf_hub_id or source.custom_load is True:
        return _page(str(source.url)) if source.url else None
    return None if _in_cache(source.hf_hub_id) else _hub


def _page(address: str) -> Ask | None:
    import torch

    kept = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(address).path).name)
    if kept.is_file():
        return None

    def ask() -> None:
        try:
            request = urllib.request.Request(address, method="HEAD")
            urllib.request.build_opener().open(request, timeout=PATIENCE).close()
        except urllib.error.HTTPError as error:
            if error.code == PROXY_REFUSES:
                raise

    return ask


def _in_cache(repository: str) -> bool:
    """Whether anything but descriptions was fetched from it before."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE, f"models--{repository.replace('/', '--')}", "snapshots")
    return any(path.suffix != ".json" for path in folder.glob("*/*"))


def _hub() -> None:
    from huggingface_hub import constants, get_session

    answer = get_session().head(constants.ENDPOINT, timeout=PATIENCE)
    if answer.status_code == PROXY_REFUSES:
        raise OSError(f"the proxy answered {PROXY_REFUSES}")
