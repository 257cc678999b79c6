"""Caches: claims on replies in the making, replies by meaning, vectors by text; what each call saved.

A claim says that some process is asking the model for a reply right now; the others wait for it instead of paying too.
Claims are not logged: after a crash of the server there is nobody left who waits.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE UNLOGGED TABLE reply_claims (
    identity text PRIMARY KEY,
    owner uuid NOT NULL,
    until timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX reply_claims_owner ON reply_claims (owner);

-- Questions answered before, to be compared by meaning inside one `scope`: everything else that a reply depends on.
CREATE TABLE semantic_cache (
    identity text PRIMARY KEY,
    scope text NOT NULL,
    tenant text NOT NULL,
    task text NOT NULL,
    question text NOT NULL,                      -- masked, as the model saw it
    vector vector NOT NULL,
    reply jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX semantic_cache_scope ON semantic_cache (scope, created_at);
CREATE INDEX semantic_cache_expires ON semantic_cache (expires_at);

-- Vectors by tenant, model and SHA-256 of the masked text; little-endian 32-bit floats.
CREATE TABLE embedding_cache (
    tenant text NOT NULL,
    model text NOT NULL,
    digest bytea NOT NULL,
    vector bytea NOT NULL,
    tokens integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, model, digest)
);
CREATE INDEX embedding_cache_expires ON embedding_cache (expires_at);

-- How a call came by its reply: 'exact', 'semantic', 'shared' (somebody else's call), 'embedding'; null when it paid.
ALTER TABLE calls
    ADD COLUMN cache text,
    ADD COLUMN similarity real,
    ADD COLUMN saved_usd double precision,
    ADD COLUMN saved_tokens integer NOT NULL DEFAULT 0,
    ADD COLUMN cache_write_tokens integer NOT NULL DEFAULT 0;
"""
DOWNGRADE = """
DROP VIEW IF EXISTS app.cache_savings;
ALTER TABLE calls
    DROP COLUMN cache, DROP COLUMN similarity, DROP COLUMN saved_usd, DROP COLUMN saved_tokens,
    DROP COLUMN cache_write_tokens;
DROP TABLE embedding_cache, semantic_cache, reply_claims;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
