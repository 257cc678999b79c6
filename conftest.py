"""Records which rows of the feature table the template's tests prove, as the project's own runs do."""

pytest_plugins = ("tools.feature_table.recording",)
