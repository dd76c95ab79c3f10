"""The service: what it answers about galleries, photos and uploads, and what a search through it finds."""

import hashlib
import io
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the service is an extra: pip install 'resight[serve]'")

from PIL import Image

from resight import images
from resight.gallery import Gallery
from resight.searcher import Searcher
from resight.serving.routes import answers
from support import serving, small

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)


@pytest.fixture(scope="module")
def album(tmp_path_factory) -> Path:
    """Twelve photos in two folders, in a gallery that keeps regions and local features."""
    root = tmp_path_factory.mktemp("served") / "album"
    small.album(root, 12)
    small.index(root, small.KEEP, local_features=True)
    return root


@pytest.fixture(scope="module")
def client(album):
    with serving.served(album) as found:
        yield found


def png(seed=500, size=(64, 48), **more):
    data = io.BytesIO()
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(patches).resize(size).save(data, "PNG", **more)
    return data.getvalue()


def pixels(jpeg):
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"), np.float32)


def test_galleries_are_told_by_name_and_never_by_path(client, album):
    (told,) = client.get("/v1/galleries").json()["galleries"]
    assert (told["name"], told["images"], told["files"]) == ("album", 12, 12)
    assert (told["recipe"], told["writable"], told["describer"]) == ("keep", False, "ready")
    assert str(album) not in client.get("/v1/galleries").text


def test_photos_are_listed_by_folder_a_page_at_a_time(client):
    whole = client.get("/v1/galleries/album/images", params={"limit": 5}).json()
    assert (whole["total"], whole["folders"], len(whole["images"])) == (12, ["a", "b"], 5)
    rest = client.get("/v1/galleries/album/images", params={"limit": 50, "after": whole["next"]}).json()
    names = [each["path"] for each in whole["images"] + rest["images"]]
    assert names == sorted(f"{'ab'[i % 2]}/{i:03d}.png" for i in range(12))
    assert rest["next"] is None
    part = client.get("/v1/galleries/album/images", params={"under": "b"}).json()
    assert (part["total"], part["folders"]) == (6, [])
    assert client.get("/v1/galleries/album/images", params={"after": "?"}).status_code == 422


def test_an_id_is_the_hash_of_the_content(client, album):
    number = serving.ids(client, "album")["a/000.png"]
    assert number == hashlib.sha256((album / "a/000.png").read_bytes()).hexdigest()
    told = client.get(f"/v1/galleries/album/images/{number}").json()
    assert (told["path"], told["width"], told["height"]) == ("a/000.png", 64, 48)


def test_a_stored_image_finds_what_python_finds(client, album):
    number = serving.ids(client, "album")["a/004.png"]
    answer = client.post("/v1/galleries/album/search", json={"image": number, "k": 5}).json()
    with Gallery(album / ".resight") as gallery:
        ranking = Searcher(gallery).search(album / "a/004.png", 5)
    assert [hit["path"] for hit in answer["hits"]] == [hit.relative for hit in ranking]
    assert [hit["score"] for hit in answer["hits"]] == pytest.approx([hit.score for hit in ranking], abs=1e-5)
    assert [hit["self"] for hit in answer["hits"]] == [True, False, False, False, False]
    shares = np.array(answer["hits"][1]["region"]) * (64, 48)
    np.testing.assert_allclose(shares, ranking[1].region.polygon, atol=0.05)
    assert set(answer["took_ms"]) == {"search", "answer"}


def test_an_upload_finds_what_python_finds(client, album, tmp_path):
    data = png()
    (tmp_path / "query.png").write_bytes(data)
    known = serving.upload(client, data)
    assert known["id"] == hashlib.sha256(data).hexdigest()
    assert (known["width"], known["height"], known["format"]) == (64, 48, "png")
    answer = client.post("/v1/galleries/album/search", json={"upload": known["id"], "k": 5}).json()
    with Gallery(album / ".resight") as gallery:
        ranking = Searcher(gallery).search(tmp_path / "query.png", 5)
    assert [hit["path"] for hit in answer["hits"]] == [hit.relative for hit in ranking]
    assert [hit["score"] for hit in answer["hits"]] == pytest.approx([hit.score for hit in ranking], abs=1e-4)
    assert not any(hit["self"] for hit in answer["hits"])


def test_an_indexed_upload_is_recognised_and_not_described(client, album):
    known = serving.upload(client, (album / "b/001.png").read_bytes())
    answer = client.post("/v1/galleries/album/search", json={"upload": known["id"]}).json()
    assert "describe" not in answer["took_ms"]
    assert answer["hits"][0]["path"] == "b/001.png"


def test_a_form_uploads_the_same_photo(client):
    data = png(501)
    answer = client.post("/v1/uploads", files={"photo": ("x.png", data, "text/html")})
    assert answer.status_code == 201
    assert answer.json()["id"] == hashlib.sha256(data).hexdigest()


def test_a_preview_is_the_readers_own_upright_pixels(client):
    exif = Image.Exif()
    exif[0x0112] = 6
    data = png(502, (640, 480), exif=exif)
    known = serving.upload(client, data)
    assert (known["width"], known["height"]) == (480, 640)
    shown = client.get(known["preview"])
    assert shown.headers["content-type"] == "image/jpeg"
    assert b"Exif" not in shown.content
    assert np.abs(pixels(shown.content) - images.read(data).pixels).mean() < 4
    turned = client.get(known["preview"], params={"turn": 90})
    assert np.abs(pixels(turned.content) - images.read(data, turn=90).pixels).mean() < 4
    again = client.get(known["preview"], headers={"If-None-Match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_box_is_shares_of_the_turned_preview(client, album, tmp_path):
    """The part of the turned photo, uploaded by itself, is what the box shows."""
    data = png(503, (400, 300))
    known = serving.upload(client, data)
    corners = [0.25, 0.1, 0.75, 0.6]
    asked = {"upload": known["id"], "box": corners, "turn": 90, "k": 12}
    boxed = client.post("/v1/galleries/album/search", json=asked).json()
    assert (boxed["query"]["width"], boxed["query"]["height"]) == (300, 400)
    assert boxed["query"]["box"] == corners
    part = images.read(data, turn=90).pixels[40:240, 75:225]
    assert np.abs(pixels(client.get(boxed["query"]["cutout"]).content) - part).mean() < 4
    whole = io.BytesIO()
    Image.fromarray(part).save(whole, "PNG")
    alone = serving.upload(client, whole.getvalue())
    same = client.post("/v1/galleries/album/search", json={"upload": alone["id"], "k": 12}).json()
    best = {hit["path"]: hit["score"] for hit in boxed["hits"]}
    # a box is one region, and a photo its own whole region among others
    assert max(best.values()) <= max(hit["score"] for hit in same["hits"]) + 1e-4


def test_geometry_gives_points_and_regions_in_shares(client):
    number = serving.ids(client, "album")["a/002.png"]
    asked = {"image": number, "turn": 180, "rerank": "geometry:least=4", "k": 3}
    first = client.post("/v1/galleries/album/search", json=asked).json()["hits"][0]
    if first["inliers"] is None:
        pytest.skip("a drawn photo has too few points")
    points = np.array(first["points"]["query"]), np.array(first["points"]["hit"])
    np.testing.assert_allclose(points[0], 1 - points[1], atol=0.1)


def test_what_is_wrong_is_said_in_a_sentence(client):
    answer = client.post("/v1/galleries/album/search", json={"image": "0" * 64})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank", "title": "Not Found", "status": 404,
        "detail": "This gallery has no such image.",
    }  # fmt: skip
    for body in (
        {},
        {"image": "x", "upload": "y"},
        {"image": "x", "k": 0},
        {"image": "x", "url": "http://a"},
    ):
        assert client.post("/v1/galleries/album/search", json=body).status_code == 422, body
    assert client.post("/v1/uploads", content=b"<svg/>").status_code == 415
    assert client.post("/v1/uploads", content=png()[:200]).status_code == 422
    assert client.get("/v1/galleries/other/images").status_code == 404


def test_a_vector_is_searched_for(client, album):
    with Gallery(album / ".resight") as gallery, gallery.snapshot() as snapshot:
        vector = snapshot.vectors[0].tolist()
    answer = client.post("/v1/galleries/album/search", json={"vector": vector, "k": 1}).json()
    assert answer["hits"][0]["score"] == pytest.approx(1, abs=1e-4)
    assert client.post("/v1/galleries/album/search", json={"vector": [1.0]}).status_code == 422


def test_the_page_is_served_and_nothing_beside_it(client):
    assert client.get("/").headers["content-type"].startswith("text/html")
    for name in ("../settings.py", "%2e%2e/settings.py", "..%2fsettings.py", "/etc/passwd", "nothing.js"):
        assert client.get(f"/page/{name}").status_code == 404, name


def test_a_stored_image_is_searched_by_while_the_network_loads(album):
    with serving.served(album, load=False) as client:
        service = serving.service_of(client)
        service.describers.loaded.wait(120)
        service.describers.states["album"].word = "loading"
        assert client.get("/ready").status_code == 503
        assert client.get("/health").status_code == 200
        number = serving.ids(client, "album")["a/000.png"]
        assert client.post("/v1/galleries/album/search", json={"image": number}).status_code == 200
        known = serving.upload(client, png(504))
        refused = client.post("/v1/galleries/album/search", json={"upload": known["id"]})
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1


def test_answers_are_what_openapi_says(client):
    known = serving.upload(client, png(505))
    number = serving.ids(client, "album")["a/000.png"]
    for model, answer in (
        (answers.GalleriesAnswer, client.get("/v1/galleries")),
        (answers.PageAnswer, client.get("/v1/galleries/album/images")),
        (answers.ImageAnswer, client.get(f"/v1/galleries/album/images/{number}")),
        (answers.UploadAnswer, client.post("/v1/uploads", content=png(505))),
        (answers.SearchAnswer, client.post("/v1/galleries/album/search", json={"image": number})),
        (answers.SearchAnswer, client.post("/v1/galleries/album/search", json={"upload": known["id"]})),
        (
            answers.MatchAnswer,
            client.post("/v1/galleries/album/matches", json={"image": number, "hit": number}),
        ),
        (answers.StatusAnswer, client.get("/health")),
        (answers.ProblemAnswer, client.get("/v1/galleries/none/images")),
    ):
        model.model_validate_json(answer.content)
    told = client.get("/v1/openapi.json").json()
    assert "problem+json" in str(told["paths"]["/v1/galleries/{gallery}/search"]["post"]["responses"])
    assert told["components"]["schemas"]["SearchBody"]["examples"]


def test_a_picture_matches_itself_closely(client):
    number = serving.ids(client, "album")["a/000.png"]
    answer = client.post("/v1/galleries/album/matches", json={"image": number, "hit": number}).json()
    if answer["inliers"]:
        np.testing.assert_allclose(answer["points"]["query"], answer["points"]["hit"], atol=1e-3)
    both = client.post("/v1/galleries/album/matches", json={"image": number, "upload": number, "hit": number})
    assert both.status_code == 422


def test_duplicates_are_looked_for_in_the_background(tmp_path):
    root = tmp_path / "twins"
    small.album(root, 4)
    (root / "copy.png").write_bytes((root / "a/000.png").read_bytes())
    small.index(root, small.PLAIN)
    with serving.served(root, load=False) as client:
        until = time.monotonic() + 120
        while (told := client.get("/v1/galleries/twins/duplicates").json())["searching"]:
            assert time.monotonic() < until
            time.sleep(0.05)
    answers.GroupsAnswer.model_validate(told)
    assert ["a/000.png", "copy.png"] in [group["images"][0]["paths"] for group in told["groups"]]


def test_methods_and_metrics_are_told(client):
    assert "default" in {each["name"] for each in client.get("/v1/recipes").json()["recipes"]}
    told = {each["name"]: each for each in client.get("/v1/rerankers").json()["rerankers"]}
    assert told["geometry"]["fast_on"] == ["album"]
    client.post("/v1/galleries/album/search", json={"image": serving.ids(client, "album")["a/000.png"]})
    text = client.get("/metrics").text
    assert 'resight_stage_seconds_bucket{le="0.0005",stage="search"}' in text
    assert 'resight_ready{gallery="album"} 1.0' in text


@pytest.mark.soak
def test_schemathesis_tries_many_requests(client):
    schemathesis = pytest.importorskip("schemathesis", reason="pip install 'resight[dev]'")
    campaign(schemathesis, client, 100)


def campaign(schemathesis, client, examples):
    """So many requests of each kind; an answer is never an accident, and always of a form that was told."""
    import requests
    from hypothesis import HealthCheck, Phase, given, settings

    schema = schemathesis.openapi.from_dict(client.get("/v1/openapi.json").json())
    asked = set()

    def ask(case):
        sent = requests.Request(**case.as_transport_kwargs(base_url=serving.ADDRESS)).prepare()
        answer = client.request(sent.method, sent.url, content=sent.body, headers=dict(sent.headers))
        assert answer.status_code < 500 or answer.status_code in (503, 507), answer.text
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", answer.text
            assert answer.json()["detail"]
        asked.add((case.method, case.path))

    few = settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    for result in schema.get_all_operations():
        few(given(case=result.ok().as_strategy())(ask))()
    assert len(asked) >= 15, asked
