"""OpenStack Swift: over http.client; the only importer of keystoneauth1."""
