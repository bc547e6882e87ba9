"""From submissions to a gradebook: a batch of students, their feedback, and the tables of the class."""
