"""Tools for the author of a lab: find faults in lab.yml, prove its grading."""
