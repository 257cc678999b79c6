"""Live calls that people are to judge: why each was chosen, what they said, and where it went from there."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE label_queue (
    call_id uuid PRIMARY KEY REFERENCES calls (id) ON DELETE CASCADE,
    added_at timestamptz NOT NULL DEFAULT now(),
    why text NOT NULL CHECK (why IN ('unsure', 'disliked', 'novel', 'random')),
    priority double precision NOT NULL,
    label text,                                  -- null: nobody has judged it yet
    note text NOT NULL DEFAULT '',
    labelled_by text,
    labelled_at timestamptz,
    promoted_to text,                            -- the file it became a case of
    CHECK ((label IS NULL) = (labelled_by IS NULL) AND (label IS NULL) = (labelled_at IS NULL))
);
CREATE INDEX label_queue_waiting ON label_queue (priority DESC) WHERE label IS NULL;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE label_queue")
