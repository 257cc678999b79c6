"""Scores of calls, verdicts of the evaluation by prompt version, and which verdict a release rests on."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UPGRADE = """
-- What somebody thought of one call. `source`: judge (a model), person, user (thumbs), check (a program).
CREATE TABLE scores (
    call_id uuid NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    name text NOT NULL,
    source text NOT NULL CHECK (source IN ('judge', 'person', 'user', 'check')),
    value double precision NOT NULL CHECK (value BETWEEN 0 AND 1),
    at timestamptz NOT NULL DEFAULT now(),
    detail jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (call_id, name, source)
);
CREATE INDEX scores_at ON scores (at);

-- What the evaluation gate said of a prompt version, one row a suite and time. The hash says which text was meant.
CREATE TABLE verdicts (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    task text NOT NULL,
    version integer NOT NULL,
    prompt_hash text NOT NULL,
    suite text NOT NULL,
    provider text NOT NULL,
    status text NOT NULL CHECK (status IN ('green', 'red')),
    reasons jsonb NOT NULL DEFAULT '[]',
    metrics jsonb NOT NULL DEFAULT '{}',
    recorded_by text NOT NULL
);
CREATE INDEX verdicts_prompt ON verdicts (task, version, prompt_hash);

-- How a release came about: the verdicts it rests on, or that it went without.
ALTER TABLE release_log ADD COLUMN evidence jsonb NOT NULL DEFAULT '{}';
"""

DOWNGRADE = """
ALTER TABLE release_log DROP COLUMN evidence;
DROP TABLE verdicts, scores;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
