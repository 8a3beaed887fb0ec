"""Pictures that need no window: figures, graphs in rows, a model as boxes."""
