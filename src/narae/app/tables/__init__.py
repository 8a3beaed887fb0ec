"""A learner's own table: a CSV file of any common form, read into columns, and columns into points of the plane."""
