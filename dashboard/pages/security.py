"""Security: the firewall as it shall be and as it is, who may look and log in, who was turned away."""

from collections.abc import Sequence

import streamlit as st

from dashboard.components.table import table
from dashboard.firewall import FirewallReport, Rule, read_report
from dashboard.refresh import refreshed
from dashboard.server_metrics import refused_calls
from dashboard.view import View
from dashboard.words import WORDS, moment_words, number_words

REFRESH_S = 10.0
LATEST = 50
BADGES = {"present": "good", "wanted": "good", "missing": "bad", "extra": "bad"}


def show(view: View) -> None:
    """The page."""
    st.title(view.say("page_security"))
    st.header(view.say("security_wanted"))
    refreshed(view, REFRESH_S, show_firewall)
    st.header(view.say("security_allowed"))
    show_allowed(view)
    st.header(view.say("security_refused"))
    refreshed(view, REFRESH_S, show_refused)


def show_firewall(view: View) -> None:
    """One sentence, then every rule."""
    file = view.desk.settings.firewall_file
    report = read_report(file)
    if report is None:
        st.warning(view.say("security_unknown", file=file), icon=":material/help:")
        return
    when = moment_words(report.checked_at.astimezone(view.desk.settings.zone), view.now, view.language)
    if report.differs:
        st.error(view.say("security_differs"), icon=":material/gpp_maybe:")
        for problem in report.problems:
            st.text(f"• {problem}")
    else:
        st.success(view.say("security_ok"), icon=":material/verified_user:")
    if report.old(view.now):
        st.warning(view.say("security_old", when=when), icon=":material/schedule:")
    else:
        st.caption(view.say("security_checked", when=when))
    _rules(view, report)


def _rules(view: View, report: FirewallReport) -> None:
    for key, rules in (("wanted", report.wanted), ("actual", report.actual)):
        if rules:
            with st.expander(view.say(f"security_rules_{key}", count=len(rules)), expanded=report.differs):
                _rule_table(view, key, rules)


def _rule_table(view: View, key: str, rules: Sequence[Rule]) -> None:
    columns = [(name, view.say(f"security_{name}")) for name in ("state", "family", "rule")]
    table(
        f"rules {key}",
        view.say(f"security_rules_{key}", count=len(rules)),
        columns,
        [
            {
                "id": str(index),
                "state": _named(view, "security_state", rule.state),
                "family": rule.family,
                "rule": rule.text,
                "badges": {"state": BADGES.get(rule.state, "")},
            }
            for index, rule in enumerate(rules)
        ],
    )


def show_allowed(view: View) -> None:
    """Addresses, proxies, users."""
    settings = view.desk.settings
    report = read_report(settings.firewall_file)
    left, right = st.columns(2)
    with left:
        st.markdown(f"**{view.say('security_addresses')}**")
        _lines(view, [str(network) for network in settings.personal_ip])
        st.markdown(f"**{view.say('security_proxies')}**")
        _lines(view, [str(network) for network in settings.trusted_proxies])
        if report and report.administrators:
            st.markdown(f"**{view.say('security_administrators')}**")
            _lines(view, report.administrators)
    with right:
        st.markdown(f"**{view.say('security_logins')}**")
        users = view.desk.users.all()
        table(
            "users",
            view.say("security_logins"),
            [("name", view.say("name")), ("role", view.say("role"))],
            [{"id": user.name, "name": user.name, "role": view.say(f"role_{user.role}")} for user in users],
        )


def show_refused(view: View) -> None:
    """By the voice server, counted; by the dashboard, each address."""
    left, right = st.columns([2, 3])
    with left:
        st.markdown(f"**{view.say('security_refused_calls')}**")
        _refused_by_server(view)
    with right:
        st.markdown(f"**{view.say('security_refused_here')}**")
        _refused_here(view)


def _refused_by_server(view: View) -> None:
    counted = refused_calls(view.desk.settings.metrics_url)
    if counted is None:
        st.caption(view.say("security_server_away"))
        return
    st.caption(view.say("security_since_start"))
    rows = sorted(((count, reason) for reason, count in counted.items() if count), reverse=True)
    if not rows:
        st.caption(view.say("security_nobody_refused"))
        return
    table(
        "refused calls",
        view.say("security_refused_calls"),
        [("reason", view.say("security_reason")), ("count", view.say("security_count"))],
        [
            {"id": reason, "reason": _named(view, "refused", reason), "count": number_words(count, view.language)}
            for count, reason in rows
        ],
        kind="refused",
    )


def _refused_here(view: View) -> None:
    zone = view.desk.settings.zone
    latest = view.desk.refusals.latest(LATEST)
    if not latest:
        st.caption(view.say("security_nobody_refused"))
        return
    names = ("date", "refused_address", "reason", "count")
    titles = ("date", "network", "security_reason", "security_count")
    table(
        "refused here",
        view.say("security_refused_here"),
        [(name, view.say(title)) for name, title in zip(names, titles, strict=True)],
        [
            {
                "id": f"{one.address} {one.why}",
                "date": moment_words(one.last_at.astimezone(zone), view.now, view.language),
                "refused_address": one.address,
                "reason": view.say(f"refused_{one.why}"),
                "count": number_words(one.count, view.language),
            }
            for one in latest
        ],
        kind="refused",
    )


def _lines(view: View, entries: Sequence[str]) -> None:
    st.text("\n".join(entries) or view.say("security_none"))


def _named(view: View, kind: str, name: str) -> str:
    key = f"{kind}_{name}"
    return view.say(key) if key in WORDS else name
