"""Appels: one call system from the inside: how fast it answers, how it takes turns, how it sounds."""

from grafana import thresholds as t
from grafana.board import Board
from grafana.panels import at_most, figure, lines, spread
from grafana.queries import MEDIAN_AND_95, grown, quantile, quantiles, rate, share

_BUCKETS = "voicebot_turn_latency_seconds_bucket"
_SPOKEN_ANEW = rate("voicebot_cache_misses_total")
_FROM_CACHE = rate("voicebot_cache_hits_total")


CALLS = Board(
    uid="voicebot-calls",
    title="Voicebot – Appels",
    description="Le système d'appels de l'intérieur : vitesse des réponses, tours de parole, santé du son.",
    rows=[
        (
            "Vitesse des réponses",
            [
                lines(
                    "Fin de la parole → réponse",
                    f"De la fin de la parole à la première trame de la réponse. Promis : 95 % en {t.ANSWER_P95_S:g} s "
                    f"(questions ouvertes), jamais plus de {t.LATENCY_OBJECTIVE_S:g} s.",
                    quantiles(f'{_BUCKETS}{{stage="total"}}', MEDIAN_AND_95 | {"99 %": 0.99}),
                    "s",
                    limit=t.LATENCY_OBJECTIVE_S,
                ),
                spread(
                    "Répartition des réponses",
                    "Chaque colonne : combien de réponses ont pris combien de temps. Deux bandes sont normales : "
                    "oui/non, et questions ouvertes.",
                    f'sum by (le) (increase({_BUCKETS}{{stage="total"}}[$__rate_interval]))',
                    "s",
                ),
                lines(
                    "Étapes, 95ᵉ centile",
                    "endpoint : décider que l'appelant a fini (attente voulue) ; understanding : Groq ; first_audio : "
                    "ElevenLabs ou le cache. L'étape qui s'allonge dit qui est lent.",
                    {"{{stage}}": quantile(0.95, f'{_BUCKETS}{{stage!="total"}}', by="stage")},
                    "s",
                ),
                lines(
                    "Réponses en retard",
                    f"Part des réponses au-delà de {t.LATENCY_OBJECTIVE_S:g} s, sur 1 h et 6 h. La ligne rouge est là "
                    "où l'alerte part.",
                    {"1 h": "voicebot:late_turns:share_1h", "6 h": "voicebot:late_turns:share_6h"},
                    "percentunit",
                    limit=t.BURN_FAST * (1 - t.LATENCY_OBJECTIVE_SHARE),
                ),
            ],
        ),
        (
            "Tours de parole",
            [
                lines(
                    "Attente avant de prendre la parole",
                    "Silence qu'il a fallu pour être sûr que l'appelant avait fini. Trop court : on le coupe. Trop "
                    "long : il attend.",
                    quantiles(f'{_BUCKETS}{{stage="endpoint"}}'),
                    "s",
                ),
                lines(
                    "Interruptions par minute",
                    "confirmed : l'appelant a coupé le robot ; resumed : une toux, un « mmh », un écho, et le robot a "
                    "repris.",
                    {"{{result}}": rate("voicebot_barge_ins_total", by="result", per="min")},
                    "none",
                    stacked=True,
                ),
                lines(
                    "Temps pour se taire",
                    "Du début de la parole de l'appelant à la dernière trame du robot. Promis : 95 % en "
                    f"{t.BARGE_IN_STOP_P95_S:g} s.",
                    quantiles("voicebot_barge_in_stop_seconds_bucket"),
                    "s",
                    limit=t.BARGE_IN_STOP_P95_S,
                ),
                lines(
                    "Réponses préparées d'avance",
                    "used : la réponse était prête quand l'appelant s'est tu ; dropped : il a continué, la demande à "
                    "Groq était en vain.",
                    {"{{result}}": rate("voicebot_early_starts_total", by="result", per="min")},
                    "none",
                    stacked=True,
                ),
                lines(
                    "Phrases trouvées dans le cache",
                    "Part des phrases qui n'ont pas à être dites de nouveau. Elle chute quand la voix ou les phrases "
                    "changent.",
                    {"trouvées": share(_FROM_CACHE, f"{_FROM_CACHE} + {_SPOKEN_ANEW}")},
                    "percentunit",
                    high=1.0,
                ),
                lines(
                    "Appels perdus par notre faute",
                    "Part des appels finis en error, lost ou worker_died.",
                    {
                        "part": share(
                            rate('voicebot_calls_total{outcome=~"error|lost|worker_died"}'),
                            rate("voicebot_calls_total"),
                        )
                    },
                    "percentunit",
                    limit=t.FAILED_CALLS_SHARE,
                ),
            ],
        ),
        (
            "Santé du son",
            [
                figure(
                    "Retard des boucles",
                    f"Le pire des processus. Au-delà de {t.LOOP_LAG_S * 1000:g} ms (MAX_LOOP_LAG_MS), les appels sont "
                    "refusés.",
                    "max(voicebot_loop_lag_seconds)",
                    "s",
                    steps=at_most(t.LOOP_LAG_S, warn=t.FRAME_S),
                    span=6,
                ),
                figure(
                    "Trous dans la voix",
                    "Sur la période : fois où une phrase s'est tarie en son milieu.",
                    grown("voicebot_playout_underruns_total"),
                    "none",
                    decimals=0,
                    span=6,
                ),
                figure(
                    "Trames sautées",
                    "Sur la période : trames qui ne sont jamais parties, après un arrêt de plus de 40 ms.",
                    grown("voicebot_playout_skipped_frames_total"),
                    "none",
                    decimals=0,
                    span=6,
                ),
                figure(
                    "Enregistrements ratés",
                    "Sur la période ; les appels ont continué.",
                    grown("voicebot_recording_errors_total"),
                    "none",
                    decimals=0,
                    steps=at_most(1),
                    span=6,
                ),
                lines(
                    "Retard des trames",
                    "Une trame part toutes les 20 ms ; combien trop tard. 99 % sous 5 ms est bon.",
                    quantiles(
                        "voicebot_playout_lateness_seconds_bucket", {"médiane": 0.5, "99 %": 0.99, "99,9 %": 0.999}
                    ),
                    "s",
                    limit=t.FRAME_S,
                ),
                lines(
                    "Retard des boucles",
                    "Le pire de chaque seconde, du pire processus. La ligne rouge : les appels sont refusés "
                    "(overloaded).",
                    {"retard": "max(voicebot_loop_lag_seconds)"},
                    "s",
                    limit=t.LOOP_LAG_S,
                ),
                lines(
                    "Trous et trames sautées par minute",
                    "Trous : la voix livrée trop lentement. Trames sautées : la machine s'est arrêtée.",
                    {
                        "trous": rate("voicebot_playout_underruns_total", per="min"),
                        "trames sautées": rate("voicebot_playout_skipped_frames_total", per="min"),
                    },
                    "none",
                ),
                lines(
                    "Appels par processus",
                    "Ils devraient se partager à peu près également.",
                    {"processus {{worker}}": "sum by (worker) (voicebot_worker_calls)"},
                    "none",
                    stacked=True,
                ),
            ],
        ),
    ],
)
