"""`python -m app.observability.mlflow_schema`: create or upgrade MLflow's tables at MLFLOW_TRACKING_URI.

A process of its own, started by mlflow_store.initialise under its lock, because it imports MLflow.
"""

from __future__ import annotations


def main() -> None:
    """Make the tables those of the installed MLflow version."""
    import mlflow
    from mlflow.store.db import utils

    engine = utils.create_sqlalchemy_engine_with_retry(mlflow.get_tracking_uri())
    if utils._get_schema_version(engine) is None:
        utils._initialize_tables(engine)
    else:
        utils._upgrade_db(engine)
    engine.dispose()


if __name__ == "__main__":
    main()
