"""From a submission to marks: criteria, the checks that decide them, and the result of each student."""
