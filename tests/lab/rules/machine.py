"""Alerts of what the calls stand on."""

from grafana.rules.machine import REPORTS
from tests.lab.rules.calls import SERVER, refused
from tests.lab.rules.case import JOB, NODE, Case, Ring, grows, steps, still

DAY_S, HOUR_S = 86400, 3600
HERE = {"job": "node", "instance": "sav"}
SPOOL = f"voicebot_spool_entries{{{JOB}}}"
BACKUP = f"voicebot_backup_last_success_timestamp_seconds{{{NODE}}}"
DRILL = f"voicebot_restore_drill_last_success_timestamp_seconds{{{NODE}}}"
BACKUP_FAILED = f"voicebot_backup_failed{{{NODE}}}"
DRILL_FAILED = f"voicebot_restore_drill_failed{{{NODE}}}"
DIFFERS = f"voicebot_firewall_differs{{{NODE}}}"
CHECKED = f"voicebot_firewall_checked_timestamp_seconds{{{NODE}}}"
CERTIFICATE = f'voicebot_certificate_expires_timestamp_seconds{{{NODE},certificate="dashboard"}}'
DASHBOARD = {**HERE, "certificate": "dashboard"}
UP = f"up{{{NODE}}}"
TELLER = {"job": "alertmanager", "instance": "sav"}
TELLER_UP = 'up{job="alertmanager",instance="sav"}'
DISK = {"mountpoint": "/var", "device": "/dev/sda1", "fstype": "ext4", **HERE}
GB = 1e9


def database(name: str) -> str:
    return f'voicebot_database_up{{{JOB},database="{name}"}}'


def disk(available: str, mountpoint: str = "/var", fstype: str = "ext4") -> dict[str, str]:
    """A disk of 100 GB."""
    labels = f'{{{NODE},mountpoint="{mountpoint}",device="/dev/sda1",fstype="{fstype}"}}'
    return {
        f"node_filesystem_avail_bytes{labels}": available,
        f"node_filesystem_size_bytes{labels}": still(100 * GB, 2000),
    }


def unsent(integration: str) -> str:
    """What was given up."""
    labels = f'job="alertmanager",instance="sav",integration="{integration}",reason="clientError"'
    return f"alertmanager_notifications_failed_total{{{labels}}}"


def expires(in_s: float) -> dict[str, str]:
    """Looked at after ten hours."""
    return {CERTIFICATE: still(in_s + 10 * HOUR_S)}


MACHINE = (
    Case(
        "DatabaseAway",
        "one of the two",
        {database("clients"): still(1), database("tickets"): still(0)},
        "5m",
        (Ring(labels={**SERVER, "database": "tickets"}),),
    ),
    Case("DatabaseAway", "a minute, as it restarts", {database("tickets"): steps((1, 5), (0, 1), (1, 9))}, "6m"),
    Case("DatabaseAway", "both answer", {database("clients"): still(1), database("tickets"): still(1)}, "5m"),
    Case(
        "SpoolGrows",
        "more and more of them",
        {SPOOL: grows(1)},
        "30m",
        (Ring("30", SERVER),),
    ),
    Case(
        "SpoolGrows",
        "two that never go",
        {SPOOL: still(2)},
        "90m",
        (Ring("2", SERVER),),
    ),
    Case("SpoolGrows", "fifty, and fewer and fewer", {SPOOL: "50-1x50 0x100"}, "30m"),
    Case("SpoolGrows", "one or two, that go", {SPOOL: "0 1 2 1 " * 30}, "90m"),
    Case(
        "BackupOld",
        "27 hours ago",
        {BACKUP: still(1, 200)},
        "27h",
        (Ring("1d 2h 59m 59s", HERE),),
        interval="15m",
    ),
    Case("BackupOld", "25 hours ago", {BACKUP: still(1, 200)}, "25h", interval="15m"),
    Case("BackupOld", "never, since this morning", {BACKUP: still(0, 200)}, "5h", interval="15m"),
    Case(
        "BackupOld",
        "never, since the day before yesterday",
        {BACKUP: still(0, 200)},
        "30h",
        (Ring("1d 2h 0m 0s", HERE),),
        interval="15m",
    ),
    Case(
        "DrillOld",
        "nine days ago",
        {DRILL: still(1, 300)},
        "9d",
        (Ring("8d 23h 59m 59s", HERE),),
        interval="1h",
    ),
    Case("DrillOld", "a week ago", {DRILL: still(1, 300)}, "7d", interval="1h"),
    Case("DrillOld", "never, on a new machine", {DRILL: still(0, 300)}, "7d", interval="1h"),
    Case(
        "DrillOld",
        "never, for nine days",
        {DRILL: still(0, 300)},
        "9d",
        (Ring("8d 0h 0m 0s", HERE),),
        interval="1h",
    ),
    Case("BackupFailed", "last night", {BACKUP_FAILED: steps((0, 5), (1, 60))}, "10m", (Ring(labels=HERE),)),
    Case("BackupFailed", "the one before", {BACKUP_FAILED: steps((1, 5), (0, 60))}, "10m"),
    Case("DrillFailed", "since Sunday", {DRILL_FAILED: steps((0, 5), (1, 60))}, "10m", (Ring(labels=HERE),)),
    Case("DrillFailed", "the one before", {DRILL_FAILED: steps((1, 5), (0, 60))}, "10m"),
    Case("FirewallDiffers", "two rules are missing", {DIFFERS: still(2)}, "10m", (Ring("2", HERE),)),
    Case("FirewallDiffers", "as it should be", {DIFFERS: still(0)}, "10m"),
    Case(
        "FirewallDiffers", "for three minutes, while it is written anew", {DIFFERS: steps((0, 5), (4, 3), (0, 9))}, "8m"
    ),
    Case("FirewallUnwatched", "two hours ago", {CHECKED: still(0)}, "2h", (Ring("2h 0m 0s", HERE),)),
    Case("FirewallUnwatched", "just now", {CHECKED: grows(60)}, "2h"),
    Case(
        "Strangers",
        "somebody tries",
        {refused("not_allowed"): grows(5), refused("no_uuid"): grows(1)},
        "15m",
        (Ring("60"),),
    ),
    Case("Strangers", "a scanner passes", {refused("not_allowed"): grows(1)}, "15m"),
    Case("Strangers", "no line is free", {refused("busy"): grows(9)}, "15m"),
    Case("CertificateExpires", "in ten days", expires(10 * DAY_S), "10h", (Ring("10d 0h 0m 0s", DASHBOARD),)),
    Case("CertificateExpires", "in a month", expires(30 * DAY_S), "10h"),
    Case("CertificateExpires", "tomorrow: that is the other one", expires(DAY_S), "10h"),
    Case("CertificateExpiresNow", "tomorrow", expires(DAY_S), "10h", (Ring("1d 0h 0m 0s", DASHBOARD),)),
    Case("CertificateExpiresNow", "an hour ago", expires(-HOUR_S), "10h", (Ring("-1h 0m 0s", DASHBOARD),)),
    Case("CertificateExpiresNow", "in ten days", expires(10 * DAY_S), "10h"),
    Case("DiskFull", "5 % is left", disk(still(5 * GB)), "10m", (Ring("5%", DISK),)),
    Case("DiskFull", "15 % is left", disk(still(15 * GB)), "10m"),
    Case(
        "DiskFull",
        "what is no disk, or never grows",
        {
            **disk(still(0), "/run", "tmpfs"),
            **disk(still(0), "/media", "iso9660"),
            **disk(still(0), "/boot/efi", "vfat"),
        },
        "10m",
    ),
    Case(
        "DiskFills",
        "a quarter is left, a gigabyte an hour",
        disk(f"{34 * GB:g}-{GB / 60:g}x600"),
        "9h",
        (Ring(labels=DISK),),
    ),
    Case("DiskFills", "the same, with half of it left", disk(f"{59 * GB:g}-{GB / 60:g}x600"), "9h"),
    Case("DiskFills", "a quarter is left, as it has been", disk(still(25 * GB)), "9h"),
    Case(
        "ReportMissing",
        "no drill was ever made",
        {f"{name}{{{NODE}}}": still(0, 300) for name in REPORTS if "drill" not in name},
        "25h",
        (Ring(labels={"report": "voicebot_restore_drill_last_success_timestamp_seconds"}),),
        interval="15m",
    ),
    Case(
        "ReportMissing",
        "all are there",
        {f"{name}{{{NODE}}}": still(0, 300) for name in REPORTS},
        "25h",
        interval="15m",
    ),
    Case("ReportMissing", "a machine that was set up this morning", {UP: still(1)}, "6h"),
    Case("MachineUnwatched", "node exporter is away", {UP: still(0)}, "30m", (Ring(labels=HERE),)),
    Case("MachineUnwatched", "nobody asks for it", {}, "30m", (Ring(labels={"job": "node"}),)),
    Case("MachineUnwatched", "it answers", {UP: still(1)}, "30m"),
    Case("AlertmanagerAway", "it does not answer", {TELLER_UP: still(0)}, "10m", (Ring(labels=TELLER),)),
    Case("AlertmanagerAway", "it answers", {TELLER_UP: still(1)}, "10m"),
    Case("AlertmanagerAway", "nobody is to be told", {UP: still(1)}, "10m"),
    Case(
        "AlertsUnsent",
        "the mail server takes none",
        {unsent("email"): steps((0, 5), (1, 90)), unsent("webhook"): still(0)},
        "20m",
        (Ring(labels={"integration": "email"}),),
    ),
    Case("AlertsUnsent", "everything is sent", {unsent("email"): still(3), unsent("webhook"): still(0)}, "20m"),
)
