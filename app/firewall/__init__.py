"""The firewall in front of the containers: Docker's chain DOCKER-USER, in IPv4 and IPv6."""
