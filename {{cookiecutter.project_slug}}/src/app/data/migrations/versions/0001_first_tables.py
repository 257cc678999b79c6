"""First tables: documents, chunks, embeddings, word statistics, call log, reply cache, releases, step runs.

Every row of user data carries its tenant. Nothing is dropped by a later revision without a release that stops using it
first, so that old and new replicas run side by side.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UPGRADE = """
CREATE EXTENSION IF NOT EXISTS vector SCHEMA public;

-- Words of one chunk. Declared immutable so that a generated column may use it; array_to_string and the cast to
-- regconfig are only formally less. `language` is the name of a text search configuration, 'simple' when unknown.
CREATE FUNCTION app.chunk_words(language text, title text, heading text[], body text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(to_tsvector(language::regconfig, title), 'A')
    || setweight(to_tsvector(language::regconfig, array_to_string(heading, ' ')), 'B')
    || setweight(to_tsvector(language::regconfig, body), 'D');

CREATE TABLE documents (
    tenant text NOT NULL,
    id text NOT NULL,                            -- path below the corpus, the name it is cited by
    title text NOT NULL,
    version text NOT NULL,                       -- hash of the file's content
    language text NOT NULL DEFAULT 'simple',     -- text search configuration
    groups text[] NOT NULL DEFAULT '{}',         -- who may read it; empty: the whole tenant
    metadata jsonb NOT NULL DEFAULT '{}',
    chunking text NOT NULL,                      -- chunker version and settings its chunks were made with
    ingested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, id)
);
CREATE INDEX documents_metadata ON documents USING gin (metadata jsonb_path_ops);

CREATE TABLE chunks (
    id text PRIMARY KEY,                         -- stays the same when only the text below its heading changes
    tenant text NOT NULL,
    document_id text NOT NULL,
    document_version text NOT NULL,
    ordinal integer NOT NULL,                    -- place within the document, from 0
    title text NOT NULL,
    heading text[] NOT NULL DEFAULT '{}',
    text text NOT NULL CHECK (text <> ''),
    tokens integer NOT NULL,
    language text NOT NULL,
    content_hash text NOT NULL,                  -- of everything an embedding is computed from
    chunker_version text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    words tsvector GENERATED ALWAYS AS (app.chunk_words(language, title, heading, text)) STORED,
    UNIQUE (tenant, document_id, ordinal) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (tenant, document_id) REFERENCES documents (tenant, id) ON DELETE CASCADE
);
CREATE INDEX chunks_words ON chunks USING gin (words) WITH (fastupdate = off);

-- In how many chunks of a tenant and language a word occurs, kept up to date by indexing: search picks its terms by
-- it. The empty word counts all chunks.
CREATE TABLE words (
    tenant text NOT NULL,
    language text NOT NULL,
    word text NOT NULL,
    chunks integer NOT NULL,
    PRIMARY KEY (tenant, language, word)
);

CREATE TABLE embeddings (
    chunk_id text NOT NULL REFERENCES chunks (id) ON DELETE CASCADE,
    model text NOT NULL,
    tenant text NOT NULL,
    document_id text NOT NULL,                   -- with the tenant, so that permissions are checked without the chunk
    dimensions integer NOT NULL,
    content_hash text NOT NULL,                  -- differs from the chunk's: stale
    embedding vector NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (chunk_id, model),
    CHECK (vector_dims(embedding) = dimensions)
);
CREATE INDEX embeddings_content ON embeddings (tenant, model, content_hash);

CREATE TABLE calls (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    trace_id text NOT NULL,
    span_id text NOT NULL,
    tenant text NOT NULL,
    user_id text NOT NULL,
    session_id text,
    role text NOT NULL,
    task text NOT NULL,
    prompt_version integer,
    prompt_hash text,
    identity text NOT NULL,
    model text NOT NULL,
    provider text NOT NULL,
    deployment text NOT NULL,
    status text NOT NULL CHECK (status IN ('ok', 'failed', 'refused', 'cancelled')),
    error text,
    degraded boolean NOT NULL,
    cached boolean NOT NULL,
    stream boolean NOT NULL,
    input jsonb NOT NULL,
    output text NOT NULL,
    input_tokens integer NOT NULL,
    output_tokens integer NOT NULL,
    cached_input_tokens integer NOT NULL,
    usage_estimated boolean NOT NULL,
    cost_usd double precision,                   -- null: no price is known
    latency_ms double precision NOT NULL,
    first_token_ms double precision
);
CREATE INDEX calls_at ON calls USING brin (at);
CREATE INDEX calls_tenant_at ON calls (tenant, at);
CREATE INDEX calls_task_at ON calls (task, at);
CREATE INDEX calls_trace ON calls (trace_id);

CREATE TABLE attempts (
    call_id uuid NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    ordinal integer NOT NULL,
    model text NOT NULL,
    provider text NOT NULL,
    deployment text NOT NULL,
    status text NOT NULL,
    http_status integer,
    latency_ms double precision NOT NULL,
    message text NOT NULL DEFAULT '',
    PRIMARY KEY (call_id, ordinal)
);

CREATE TABLE reply_cache (
    identity text PRIMARY KEY,
    tenant text NOT NULL,
    task text NOT NULL,
    reply jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX reply_cache_expires ON reply_cache (expires_at);

CREATE TABLE releases (
    task text PRIMARY KEY,
    shares jsonb NOT NULL,                       -- {"2": 100}: version to share of the traffic in per cent
    released_at timestamptz NOT NULL DEFAULT now(),
    released_by text NOT NULL,
    reason text NOT NULL DEFAULT ''
);

CREATE TABLE release_log (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    task text NOT NULL,
    action text NOT NULL,
    shares jsonb NOT NULL,
    by text NOT NULL,
    reason text NOT NULL DEFAULT ''
);
CREATE INDEX release_log_task ON release_log (task, at);

CREATE TABLE step_runs (
    workflow_id text NOT NULL,
    step text NOT NULL,
    attempt integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    status text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (workflow_id, step, attempt)
);
"""

DOWNGRADE = """
DROP TABLE step_runs, release_log, releases, reply_cache, attempts, calls, embeddings, words, chunks, documents;
DROP FUNCTION app.chunk_words;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
