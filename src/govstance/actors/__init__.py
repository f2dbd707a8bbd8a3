"""About whom: governments, their names in many languages, and where a text names them."""
