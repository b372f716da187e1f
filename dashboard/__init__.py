"""The supervisor's dashboard: what the service desk sees, hears and changes. See docs/dashboard.md."""
