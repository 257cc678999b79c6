"""Calls of tools: every one written down, runs that wait for a person, and what the person decided."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE tool_calls (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    run uuid NOT NULL,
    trace_id text NOT NULL,
    tenant text NOT NULL,
    user_id text NOT NULL,
    role text NOT NULL,
    task text NOT NULL,
    call_id text NOT NULL,
    tool text NOT NULL,
    arguments text NOT NULL,                     -- masked
    outcome text NOT NULL CHECK (outcome IN ('ok', 'failed', 'timeout', 'refused', 'invalid', 'denied')),
    message text NOT NULL,                       -- what the model was told, masked; of a success only its length
    latency_ms double precision NOT NULL
);
CREATE INDEX tool_calls_tenant_at ON tool_calls (tenant, at);

-- A run that stopped at calls a person must decide. `gone_on_at` is set by the one process that goes on with it.
CREATE TABLE tool_runs (
    id uuid NOT NULL,
    part integer NOT NULL,                       -- a run may stop more than once
    tenant text NOT NULL,
    stopped_at timestamptz NOT NULL DEFAULT now(),
    state jsonb NOT NULL,
    gone_on_at timestamptz,
    PRIMARY KEY (id, part)
);
CREATE INDEX tool_runs_waiting ON tool_runs (tenant, stopped_at) WHERE gone_on_at IS NULL;

CREATE TABLE tool_decisions (
    run uuid NOT NULL,
    call_id text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    approved boolean NOT NULL,
    by text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (run, call_id)
);
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE tool_decisions, tool_runs, tool_calls")
