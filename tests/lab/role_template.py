"""Templates of the roles as Ansible renders them, without a host."""

import json
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROLES = Path("ansible/roles")


def rendered(role: str, template: str, **variables: Any) -> str:
    """A template of a role, with the role's defaults and these variables in their place."""
    # Ansible's own settings of Jinja (ansible.builtin.template: trim_blocks yes, lstrip_blocks no).
    jinja = Environment(
        loader=FileSystemLoader(ROLES / role / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    jinja.filters |= {"to_json": json.dumps, "bool": bool}
    defaults = yaml.safe_load((ROLES / role / "defaults/main.yml").read_text("utf-8"))
    unknown = variables.keys() - defaults.keys() - {"inventory_hostname"}
    assert not unknown, f"the role knows no {unknown}"
    return jinja.get_template(template).render({"ansible_managed": "the laboratory", **defaults, **variables})
