"""A search reads more vectors where near ones lie scattered.

Sketches tell near from far the better the farther the rest is. Where a model's vectors lie in no topics, which
`train_cells` sees by how many cells hold what is near (`cell_reach`), two thirds more of the nearest by sketch are
read.
"""

from importlib import import_module

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

former = import_module("app.data.migrations.versions.0016_lean_search")

REACH = (
    "ceil(r.cells * greatest(r.reach, 2 * compared / visible::float8)) INTO all_cells, probes\n",
    "ceil(r.cells * greatest(r.reach, 2 * compared / visible::float8)), r.reach > 0.5\n"
    "    INTO all_cells, probes, scattered\n",
)
DECLARED = ("    wanted integer := compared;\n", "    wanted integer := compared; scattered boolean;\n")
WANTED = (
    "        wanted := greatest(compared, visible / 50);\n",
    "        wanted := greatest(CASE WHEN scattered THEN 5 * compared / 3 ELSE compared END, visible / 50);\n",
)


def upgrade() -> None:
    op.execute(former._replaced(former._nearest(), REACH, DECLARED, WANTED))


def downgrade() -> None:
    op.execute(former._nearest())
