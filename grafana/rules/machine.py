"""Alerts of what the calls stand on: databases, backups, firewall, certificates, disks."""

from typing import Literal

from grafana import thresholds as t
from grafana.rules.alert import Alert

REPORTS = (
    "voicebot_backup_last_success_timestamp_seconds",
    "voicebot_restore_drill_last_success_timestamp_seconds",
    "voicebot_firewall_checked_timestamp_seconds",
)
"""What timers write for node exporter's textfile collector; none of it may be missing. (When certificates expire comes
in the same way, but a machine may have none, and what was told once stays true.)"""
CERTIFICATES = "voicebot_certificate_expires_timestamp_seconds"
DISKS = '{fstype!~"tmpfs|ramfs|squashfs|overlay|nsfs|fuse.*|iso9660",mountpoint!~"/(boot|run|snap)(/.*)?"}'
_FREE = f"node_filesystem_avail_bytes{DISKS} / node_filesystem_size_bytes{DISKS}"
_FORECAST = f"predict_linear(node_filesystem_avail_bytes{DISKS}[6h], {t.DISK_FULL_WITHIN_D} * 86400)"
_MISSING = " or ".join(f'label_replace(absent({name}), "report", "{name}", "", "")' for name in REPORTS)
_EXPIRES = f"{CERTIFICATES} - time()"


def _old(success: str, most: int, unit: Literal["h", "d"]) -> str:
    """When a success is older than so much; its value is the age.

    0 says that there has been none. That is no fault of a machine that was set up this morning, so it counts from when
    it was told first.
    """
    most_s = most * {"h": 3600, "d": 86_400}[unit]
    never = f"(({success} == 0) and ({success} offset {most}{unit} == 0)) + {most_s}"
    return f"(time() - ({success} > 0) > {most_s}) or {never}"


MACHINE = (
    Alert(
        name="VoicebotDatabaseAway",
        expr="voicebot_database_up == 0",
        lasts="2m",
        severity="critical",
    ),
    Alert(
        name="VoicebotSpoolGrows",
        expr=f"(voicebot_spool_entries >= {t.SPOOL_ENTRIES} and delta(voicebot_spool_entries[10m]) > 0)"
        " or (min_over_time(voicebot_spool_entries[1h]) > 0 and voicebot_spool_entries offset 1h > 0)",
        lasts="10m",
        severity="warning",
    ),
    Alert(
        name="VoicebotBackupOld",
        expr=_old("voicebot_backup_last_success_timestamp_seconds", t.BACKUP_MAX_AGE_H, "h"),
        lasts="0m",
        severity="warning",
    ),
    Alert(
        name="VoicebotBackupFailed",
        expr="voicebot_backup_failed > 0",
        lasts="0m",
        severity="warning",
    ),
    Alert(
        name="VoicebotDrillOld",
        expr=_old("voicebot_restore_drill_last_success_timestamp_seconds", t.DRILL_MAX_AGE_D, "d"),
        lasts="0m",
        severity="warning",
    ),
    Alert(
        name="VoicebotDrillFailed",
        expr="voicebot_restore_drill_failed > 0",
        lasts="0m",
        severity="critical",
    ),
    Alert(
        name="VoicebotFirewallDiffers",
        expr="voicebot_firewall_differs > 0",
        lasts="5m",
        severity="critical",
    ),
    Alert(
        name="VoicebotFirewallUnwatched",
        expr=f"time() - voicebot_firewall_checked_timestamp_seconds > {t.FIREWALL_LOOK_MAX_AGE_H} * 3600",
        lasts="5m",
        severity="warning",
    ),
    Alert(
        name="VoicebotStrangers",
        expr='sum(increase(voicebot_refused_calls_total{reason=~"not_allowed|no_uuid|uuid_timeout|first_kind"}[10m]))'
        f" >= {t.STRANGERS}",
        lasts="0m",
        severity="warning",
    ),
    Alert(
        name="VoicebotCertificateExpires",
        expr=f"({_EXPIRES}) < {t.CERTIFICATE_WARNING_D} * 86400 > {t.CERTIFICATE_CRITICAL_D} * 86400",
        lasts="1h",
        severity="warning",
    ),
    Alert(
        name="VoicebotCertificateExpiresNow",
        expr=f"({_EXPIRES}) <= {t.CERTIFICATE_CRITICAL_D} * 86400",
        lasts="0m",
        severity="critical",
    ),
    Alert(
        name="VoicebotDiskFull",
        expr=f"{_FREE} < {t.DISK_FREE_SHARE}",
        lasts="5m",
        severity="critical",
    ),
    Alert(
        name="VoicebotDiskFills",
        expr=f"{_FORECAST} < 0 and {_FREE} < {t.DISK_FREE_SHARE_TREND}",
        lasts="1h",
        severity="warning",
    ),
    Alert(
        name="VoicebotReportMissing",
        expr=_MISSING,
        lasts="1d",
        severity="warning",
    ),
    Alert(
        name="VoicebotMachineUnwatched",
        expr='up{job="node"} == 0 or absent(up{job="node"})',
        lasts="15m",
        severity="warning",
    ),
    # Where nobody is to be told there is no such job.
    Alert(
        name="VoicebotAlertmanagerAway",
        expr='up{job="alertmanager"} == 0',
        lasts="5m",
        severity="critical",
    ),
    # What may pass by itself (no answer, "later") is tried again for five minutes before it counts.
    Alert(
        name="VoicebotAlertsUnsent",
        expr=f"sum by (integration) (increase(alertmanager_notifications_failed_total[{t.ALERTS_UNSENT_M}m])) > 0",
        lasts="0m",
        severity="warning",
    ),
)
