"""Looking inside a network, and laying hands on it: its diagram, its units, one sample's arithmetic."""
