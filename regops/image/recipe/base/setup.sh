# What the packages configure for a machine, and this image does not use.
rm -rf /etc/nginx/sites-enabled /etc/docker/registry/config.yml
# The status service reads and writes the store as the registry does, and is somebody else: it cannot touch its process.
useradd --system --gid docker-registry --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin \
    registry-status
# The indexer knows the index's password and nothing of the store's.
useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin registry-index
