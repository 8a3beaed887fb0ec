"""Pictures of training, predictions, weights and activations."""
