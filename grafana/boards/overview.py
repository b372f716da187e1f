"""Vue d'ensemble: is the service well, in one look."""

from grafana import thresholds as t
from grafana.board import Board
from grafana.panels import GREEN, RED, alerts_now, at_least, at_most, figure, lines
from grafana.queries import grown, quantiles, rate, share

_IN_TIME = f'voicebot_turn_latency_seconds_bucket{{stage="total",le="{t.LATENCY_OBJECTIVE_S}"}}'
_TURNS = 'voicebot_turn_latency_seconds_count{stage="total"}'

OVERVIEW = Board(
    uid="voicebot-overview",
    title="Voicebot – Vue d'ensemble",
    description="Le service va-t-il bien ? Les chiffres portent sur la période choisie en haut à droite.",
    rows=[
        (
            "",
            [
                figure(
                    "Serveur",
                    "Le serveur répond et au moins un processus prend des appels.",
                    'min(up{job="voicebot"}) * clamp_max(sum(voicebot_workers), 1)',
                    "none",
                    steps=[(None, RED), (1, GREEN)],
                    words={"0": "ARRÊTÉ", "1": "en service"},
                ),
                figure(
                    "Appels en cours",
                    "Appels en ce moment, ceux dont le ticket s'écrit compris.",
                    "sum(voicebot_calls_active)",
                    "none",
                ),
                figure(
                    "Lignes occupées",
                    "Part de MAX_CONCURRENT_CALLS. À 100 %, l'appelant suivant entend « occupé ».",
                    "sum(voicebot_calls_active) / sum(voicebot_calls_max)",
                    "percentunit",
                    steps=at_most(0.95, warn=0.75),
                ),
                figure(
                    "Appels",
                    "Appels terminés sur la période.",
                    grown("voicebot_call_duration_seconds_count"),
                    "none",
                    decimals=0,
                ),
                figure(
                    "Résolus sans humain",
                    "Part des tickets « résolu » sur la période.",
                    share(grown('voicebot_tickets_total{status="resolved"}'), grown("voicebot_tickets_total")),
                    "percentunit",
                ),
                figure(
                    "Réponses à l'heure",
                    f"Part des réponses en moins de {t.LATENCY_OBJECTIVE_S:g} s après la fin de la parole. "
                    f"Objectif : {t.LATENCY_OBJECTIVE_SHARE:.0%}.".replace("%", " %"),
                    share(grown(_IN_TIME), grown(_TURNS)),
                    "percentunit",
                    steps=at_least(t.LATENCY_OBJECTIVE_SHARE, warn=t.LATENCY_OBJECTIVE_SHARE - 0.02),
                    decimals=1,
                ),
                alerts_now(
                    "Alertes en cours",
                    "Ce que Prometheus tient pour anormal. Que faire : docs/monitoring.fr.md, sous le nom de l'alerte.",
                ),
            ],
        ),
        (
            "Appels",
            [
                lines(
                    "Appels en même temps",
                    "« lignes » est MAX_CONCURRENT_CALLS : au-delà, l'appelant entend « occupé ».",
                    {"en cours": "sum(voicebot_calls_active)", "lignes": "sum(voicebot_calls_max)"},
                    "none",
                ),
                lines(
                    "Appels par heure, selon leur fin",
                    "goodbye : adieu ; transfer : technicien ; hangup : l'appelant a raccroché ; error, lost, "
                    "worker_died : la faute est à nous ou à la ligne.",
                    {"{{outcome}}": rate("voicebot_calls_total", by="outcome", per="h")},
                    "none",
                    stacked=True,
                ),
                lines(
                    "Tickets par heure, selon leur état",
                    "resolved : résolu par le robot ; transferred : passé à un technicien ; open : à rappeler ; "
                    "abandoned : l'appelant est parti avant de dire son problème.",
                    {"{{status}}": rate("voicebot_tickets_total", by="status", per="h")},
                    "none",
                    stacked=True,
                ),
                lines(
                    "Tickets par heure, selon le problème",
                    "Une pointe d'« internet » est souvent une panne du réseau.",
                    {"{{problem_type}}": rate("voicebot_tickets_total", by="problem_type", per="h")},
                    "none",
                    stacked=True,
                ),
                lines(
                    "Durée des appels",
                    "Médiane et 95ᵉ centile.",
                    quantiles("voicebot_call_duration_seconds_bucket"),
                    "s",
                ),
                lines(
                    "Appels refusés par heure",
                    "busy : plus de ligne ; overloaded : machine en retard ; provider_quota : plus de place chez "
                    "Deepgram.",
                    {"{{reason}}": rate("voicebot_refused_calls_total", by="reason", per="h")},
                    "none",
                    stacked=True,
                ),
            ],
        ),
    ],
)
