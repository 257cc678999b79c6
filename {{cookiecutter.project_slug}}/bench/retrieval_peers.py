"""One peer of the retrieval benchmark, run by its own Python: `bench/retrieval.py` starts it and tells it when to ask.

    PYTHON bench/retrieval_peers.py PEER FOLDER POSTGRES_URL

FOLDER holds the corpus as the benchmark wrote it: vectors, texts, tenants, questions. The peer fills its store, prints
`{"built_s": ..., "scope": ...}`, then for each line on its input asks every question once and prints
`{"ms": [...], "ids": [[...]], "near": [[...]]}`; `near` is what its vectors alone find, not timed.
PEER is langchain-ensemble (BM25 in memory and PGVector, no permissions: it has none), llamaindex-fusion (Postgres, no
permissions), lancedb (its own files; tenant as a filter before the search).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import numpy

POOL = 40
Ask = Callable[[int], list[str]]
# The whole search, and the nearest ten by vectors alone.
Both = tuple[Ask, Ask]


class Data:
    """What the benchmark wrote: chunk number n has id `c{n}`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vectors = numpy.load(folder / "vectors.npy")
        self.asked = numpy.load(folder / "asked.npy")
        self.texts = (folder / "texts.txt").read_text(encoding="utf-8").split("\n")
        self.tenants = json.loads((folder / "tenants.json").read_text())
        self.questions: list[str] = json.loads((folder / "questions.json").read_text())
        self.callers: list[str] = json.loads((folder / "callers.json").read_text())
        self.number = {question: place for place, question in enumerate(self.questions)}

    def asked_of(self, question: str) -> list[float]:
        """The vector of a question: what an embedding model would give."""
        return [float(value) for value in self.asked[self.number[question]]]


def database(url: str, name: str) -> str:
    """The server's URL with a database of the peer's own, made anew."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    own = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    with psycopg.connect(own, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION vector")
    return own


def langchain_ensemble(data: Data, url: str) -> Both:
    from langchain_classic.retrievers import EnsembleRetriever
    from langchain_community.retrievers import BM25Retriever
    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings
    from langchain_postgres import PGVector

    class Given(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            raise NotImplementedError

        def embed_query(self, text: str) -> list[float]:
            return data.asked_of(text)

    own = database(url, "peer_langchain")
    store = PGVector(
        embeddings=Given(), collection_name="peer", connection=own.replace("postgresql://", "postgresql+psycopg://"),
        embedding_length=data.vectors.shape[1], use_jsonb=True,
    )  # fmt: skip
    for start in range(0, len(data.texts), 2_000):
        part = range(start, min(start + 2_000, len(data.texts)))
        store.add_embeddings(
            [data.texts[n] for n in part], data.vectors[start : part.stop].tolist(),
            metadatas=[{"id": f"c{n}"} for n in part], ids=[f"c{n}" for n in part],
        )  # fmt: skip
    index(own, "langchain_pg_embedding", "embedding")
    words = BM25Retriever.from_documents(
        [Document(page_content=text, metadata={"id": f"c{n}"}) for n, text in enumerate(data.texts)]
    )
    words.k = POOL
    near = store.as_retriever(search_kwargs={"k": POOL})
    both = EnsembleRetriever(retrievers=[words, near], weights=[0.5, 0.5], c=60)

    def asking(retriever: Any) -> Ask:
        return lambda n: [found.metadata["id"] for found in retriever.invoke(data.questions[n])][:10]

    return asking(both), asking(near)


def llamaindex_fusion(data: Data, url: str) -> Both:
    from llama_index.core import Settings, VectorStoreIndex
    from llama_index.core.embeddings import MockEmbedding
    from llama_index.core.llms import MockLLM
    from llama_index.core.retrievers import QueryFusionRetriever
    from llama_index.core.schema import QueryBundle, TextNode
    from llama_index.vector_stores.postgres import PGVectorStore

    own = database(url, "peer_llamaindex").removeprefix("postgresql://")
    width = data.vectors.shape[1]
    Settings.llm, Settings.embed_model = MockLLM(), MockEmbedding(embed_dim=width)
    store = PGVectorStore.from_params(
        connection_string=f"postgresql+psycopg2://{own}", async_connection_string=f"postgresql+asyncpg://{own}",
        table_name="peer", embed_dim=width, hybrid_search=True, text_search_config="english",
        hnsw_kwargs={
            "hnsw_m": 16, "hnsw_ef_construction": 64, "hnsw_ef_search": 100, "hnsw_dist_method": "vector_cosine_ops",
        },
    )  # fmt: skip
    for start in range(0, len(data.texts), 5_000):
        part = range(start, min(start + 5_000, len(data.texts)))
        store.add([TextNode(id_=f"c{n}", text=data.texts[n], embedding=data.vectors[n].tolist()) for n in part])
    index(f"postgresql://{own}", "data_peer", None)
    nodes = VectorStoreIndex.from_vector_store(store)
    near = nodes.as_retriever(similarity_top_k=POOL)
    words = nodes.as_retriever(vector_store_query_mode="sparse", similarity_top_k=POOL)
    both = QueryFusionRetriever(
        [near, words], similarity_top_k=10, num_queries=1, mode="reciprocal_rerank", use_async=False
    )

    def asking(retriever: Any) -> Ask:
        def ask(n: int) -> list[str]:
            question = QueryBundle(query_str=data.questions[n], embedding=data.asked[n].tolist())
            return [found.node.node_id for found in retriever.retrieve(question)][:10]

        return ask

    return asking(both), asking(near)


def lancedb_hybrid(data: Data, url: str) -> Both:
    import lancedb
    import pyarrow
    from lancedb.rerankers import RRFReranker

    vectors = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(data.vectors.ravel()), data.vectors.shape[1])
    rows = pyarrow.table(
        {
            "id": [f"c{n}" for n in range(len(data.texts))],
            "text": data.texts,
            "tenant": data.tenants,
            "vector": vectors,
        }
    )
    table = lancedb.connect(data.folder / "lancedb").create_table("peer", rows, mode="overwrite")
    table.create_index(metric="cosine", vector_column_name="vector", index_type="IVF_HNSW_SQ")
    table.create_fts_index("text")
    table.create_scalar_index("tenant", index_type="BITMAP")
    fused = RRFReranker()

    def ask(n: int) -> list[str]:
        search = table.search(query_type="hybrid").vector(data.asked[n]).text(data.questions[n])
        search = search.where(f"tenant = '{data.callers[n]}'", prefilter=True).select(["id"])
        return search.rerank(fused).limit(POOL).to_arrow()["id"].to_pylist()[:10]

    def near(n: int) -> list[str]:
        search = table.search(data.asked[n], vector_column_name="vector").distance_type("cosine")
        search = search.where(f"tenant = '{data.callers[n]}'", prefilter=True).select(["id"])
        return search.limit(POOL).to_arrow()["id"].to_pylist()[:10]

    return ask, near


def index(url: str, table: str, column: str | None) -> None:
    """The vector index where the peer made none of its own, and statistics for the planner."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        if column:
            connection.execute("SET maintenance_work_mem = '512MB'")
            connection.execute(f"CREATE INDEX ON {table} USING hnsw ({column} vector_cosine_ops)")
        connection.execute(f"VACUUM ANALYZE {table}")


# With what each may search: nothing kept back, or the caller's tenant.
PEERS: dict[str, tuple[Callable[[Data, str], Both], str]] = {
    "langchain-ensemble": (langchain_ensemble, "everything"),
    "llamaindex-fusion": (llamaindex_fusion, "everything"),
    "lancedb": (lancedb_hybrid, "tenant"),
}


def main() -> None:
    name, folder, url = sys.argv[1:4]
    data = Data(Path(folder))
    started = time.perf_counter()
    fill, scope = PEERS[name]
    ask, nearest = fill(data, url)
    answer({"built_s": round(time.perf_counter() - started, 1), "scope": scope})
    for line in sys.stdin:
        most: Any = json.loads(line)
        ms, ids = [], []
        for number in range(min(most, len(data.questions))):
            begun = time.perf_counter()
            ids.append(ask(number))
            ms.append((time.perf_counter() - begun) * 1_000)
        answer({"ms": ms, "ids": ids, "near": [nearest(number) for number in range(len(ids))]})


def answer(value: Any) -> None:
    print("\n" + json.dumps(value), flush=True)


if __name__ == "__main__":
    main()
