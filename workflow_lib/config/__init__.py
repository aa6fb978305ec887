"""The config and its catalogue as plain mappings: checked, expanded, resolved."""
