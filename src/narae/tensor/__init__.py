"""What a tensor is: the array a user holds, its symbolic twin, unknown lengths, promotion of dtypes."""
