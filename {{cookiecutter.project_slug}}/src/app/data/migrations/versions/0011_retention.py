"""What was deleted by rule or on request: how many of what, by whom and why; the person it was about only as a hash."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE erasures (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    kind text NOT NULL CHECK (kind IN ('retention', 'person')),
    tenant text NOT NULL,                        -- '' is all
    subject text NOT NULL,                       -- SHA-256 of tenant and user, '' for none
    counts jsonb NOT NULL,
    by text NOT NULL,
    reason text NOT NULL
);
CREATE INDEX calls_user ON calls (tenant, user_id);
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP INDEX calls_user; DROP TABLE erasures")
