"""The machines of a lab: providers, images, and Ansible."""
