"""How sure a reply was, and how that was measured: by the model's log probabilities or by several samples."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE calls ADD COLUMN confidence real, ADD COLUMN confidence_by text")


def downgrade() -> None:
    op.execute("ALTER TABLE calls DROP COLUMN confidence, DROP COLUMN confidence_by")
