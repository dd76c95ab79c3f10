#!/usr/bin/env bash
# Milvus Lite gives fewer hits than were asked for, and than there are, without an error.
#
# Surprise: a collection of 3,000 rows whose HNSW index was made after they came, asked for the nearest 3,000 with
# ef = 100, answers with less than half of them (1,058 and 1,375 in two runs). A search by the whole collection, or for
# the depth that a re-ranker needs, is cut short in silence. An index that was there before the rows gave all of them. A
# server of Milvus refuses an HNSW search whose ef is below the limit ("ef(1024) should be larger than k(10000)":
# milvus-io/milvus, issues 27284 and 46623).
# Seen with milvus-lite 3.2.2 and pymilvus 3.0.2 on Linux, Python 3.11.
#
# What a tool should do: ask with ef of at least the limit, count what comes back, and fall back to a search
# without an index where hits are missing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'milvus-lite==3.2.2' 'pymilvus==3.0.2' 'numpy==2.4.6' 2>"$work/pip.log" ||
    { tail -3 "$work/pip.log"; exit 2; }
cat >"$work/run.py" <<'PY'
import sys
from importlib.metadata import version

import numpy as np
from pymilvus import DataType, MilvusClient

ROWS, WIDTH, EF = 3000, 32, 100
print("milvus-lite", version("milvus-lite"), "pymilvus", version("pymilvus"))
rng = np.random.default_rng(0)
rows = rng.standard_normal((ROWS, WIDTH)).astype(np.float32)
rows /= np.linalg.norm(rows, axis=1, keepdims=True)
client = MilvusClient(sys.argv[1])
schema = client.create_schema(auto_id=False)
schema.add_field("id", DataType.INT64, is_primary=True)
schema.add_field("vector", DataType.FLOAT_VECTOR, dim=WIDTH)
client.create_collection("rows", schema=schema)
client.insert("rows", [{"id": number, "vector": row.tolist()} for number, row in enumerate(rows)])
client.flush("rows")
index = client.prepare_index_params()
index.add_index("vector", index_type="HNSW", metric_type="IP", params={"M": 16, "efConstruction": 100})
client.create_index("rows", index)
client.load_collection("rows")


def hits(ef: int) -> int:
    found = client.search(
        "rows", data=[rows[0].tolist()], limit=ROWS, search_params={"metric_type": "IP", "params": {"ef": ef}}
    )
    return len(found[0])


few, all_of_them = hits(EF), hits(ROWS)
print(f"{ROWS} rows, limit {ROWS}: ef {EF} gives {few} hits, ef {ROWS} gives {all_of_them}")
if few >= ROWS:
    sys.exit("The behaviour has changed: as many hits as were asked for, whatever ef is.")
PY
"$work/venv/bin/python" -W ignore "$work/run.py" "$work/rows.db"
