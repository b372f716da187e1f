"""The five dashboards, one file each; every board is a title, an explanation and rows of panels."""
