"""The map of incidents: what is drawn where, what colours and sizes mean, layers, the record beside it, time and list."""
