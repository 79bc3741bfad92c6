"""Folds all topics into the shared views of each square and answers queries on them."""
