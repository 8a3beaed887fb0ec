"""Pure data and passes: operations, nodes, graphs, and what rewrites them. Knows no op by name."""
