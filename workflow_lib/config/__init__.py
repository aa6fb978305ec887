"""What was asked for: config and catalogue as plain mappings, checked and written out."""
