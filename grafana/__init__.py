"""What operators see and are told: dashboards for Grafana, alerts for Prometheus, both generated (`grafana.build`)."""
