"""The ground floor: dtypes, trees, errors, settings, the registry. Imports nothing of ours."""
