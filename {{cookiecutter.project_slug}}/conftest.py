"""Records which rows of the feature table a run proves; fixtures stand in tests/conftest.py."""

pytest_plugins = ("pytester", "tools.feature_table.recording")
