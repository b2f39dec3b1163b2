"""What people and machines meet: one folder a surface. They never import one another."""
