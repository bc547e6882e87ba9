"""A run's report for its student (`render`), and captures of anybody explained (`capture_story`)."""
