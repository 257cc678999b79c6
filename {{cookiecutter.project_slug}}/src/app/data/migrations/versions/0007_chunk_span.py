"""Where in its document a chunk stands, as characters; unknown for chunks that were written before."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE chunks ADD COLUMN span int4range")


def downgrade() -> None:
    op.execute("ALTER TABLE chunks DROP COLUMN span")
