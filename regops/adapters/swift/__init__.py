"""OpenStack Swift: the only importer of swiftclient and keystoneauth1."""
