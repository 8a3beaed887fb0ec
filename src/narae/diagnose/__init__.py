"""What can be wrong with data and with a training, as questions to numbers."""
