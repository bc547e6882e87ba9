"""Submissions, marks, and the gradebook of a class."""
