"""Fournisseurs: who hears, who understands, who speaks, and what stands in for them."""

from grafana import thresholds as t
from grafana.board import Board
from grafana.panels import GREEN, RED, YELLOW, figure, lines
from grafana.queries import grown, quantiles, rate

_BUCKETS = "voicebot_turn_latency_seconds_bucket"


def _errors(kind: str) -> dict[str, str]:
    series = f'voicebot_errors_total{{provider!="ami",kind{kind}}}'
    return {"{{provider}} {{kind}}": rate(series, by="provider, kind", per="min")}


PROVIDERS = Board(
    uid="voicebot-providers",
    title="Voicebot – Fournisseurs",
    description="Deepgram entend, Groq comprend, ElevenLabs parle. Erreurs, mises à l'écart, remplaçants, quotas.",
    rows=[
        (
            "",
            [
                figure(
                    "Mise à l'écart",
                    "Après trois échecs de suite, un fournisseur est laissé en paix 10 s et son remplaçant local "
                    "travaille. Sans appel, l'état ne change pas.",
                    "max by (provider) (voicebot_breaker_open)",
                    "none",
                    steps=[(None, GREEN), (1, RED)],
                    words={"0": "utilisé", "1": "mis de côté"},
                    legend="{{provider}}",
                    span=6,
                ),
                figure(
                    "Erreurs sur la période",
                    "Toutes sortes ensemble, remarquées ou non par l'appelant.",
                    grown('voicebot_errors_total{provider!="ami"}', by="provider"),
                    "none",
                    legend="{{provider}}",
                    decimals=0,
                    span=9,
                ),
                figure(
                    "Places prises",
                    "Part de DEEPGRAM_MAX_STREAMS et d'ELEVENLABS_MAX_STREAMS. Plus de place : l'appel est refusé "
                    "(Deepgram), la phrase est dite par la voix locale (ElevenLabs).",
                    "sum by (provider) (voicebot_provider_streams) / sum by (provider) (voicebot_provider_streams_max)",
                    "percentunit",
                    steps=[(None, GREEN), (0.8, YELLOW), (1, RED)],
                    legend="{{provider}}",
                    span=9,
                ),
            ],
        ),
        (
            "Erreurs et remplaçants",
            [
                lines(
                    "Erreurs par minute",
                    "timeout : notre délai est passé ; network : coupé, refusé, HTTP 5xx ; protocol : réponse "
                    "insensée.",
                    _errors('!~"auth|quota"'),
                    "none",
                    stacked=True,
                ),
                lines(
                    "Clés refusées et quotas, par minute",
                    "auth : la clé est refusée ; quota : débit, nombre de flux ou paiement. Ni l'un ni l'autre ne "
                    "passe tout seul.",
                    _errors('=~"auth|quota"'),
                    "none",
                    stacked=True,
                ),
                lines(
                    "Remplacements par minute",
                    "groq → rules : les règles locales ont compris ; groq → phrases : la réponse s'est coupée, la "
                    "phrase fixe a suivi ; elevenlabs → espeak : la voix locale a parlé.",
                    {"{{provider}} → {{to}}": rate("voicebot_fallbacks_total", by="provider, to", per="min")},
                    "none",
                    stacked=True,
                ),
                lines(
                    "Mises à l'écart",
                    "1 : au moins un processus laisse ce fournisseur en paix.",
                    {"{{provider}}": "max by (provider) (voicebot_breaker_open)"},
                    "none",
                    high=1.0,
                ),
            ],
        ),
        (
            "Vitesse et quotas",
            [
                lines(
                    "Compréhension (Groq)",
                    f"De la fin du tour à l'intention connue. Au-delà de {t.UNDERSTANDING_S:g} s : les règles.",
                    quantiles(f'{_BUCKETS}{{stage="understanding"}}'),
                    "s",
                    limit=t.UNDERSTANDING_S,
                ),
                lines(
                    "Premier son (ElevenLabs ou cache)",
                    f"De l'intention à la première trame. Au-delà de {t.FIRST_SOUND_S:g} s : la voix locale.",
                    quantiles(f'{_BUCKETS}{{stage="first_audio"}}'),
                    "s",
                    limit=t.FIRST_SOUND_S,
                ),
                lines(
                    "Flux chez Deepgram",
                    "Un par appel. Au maximum, l'appelant suivant est refusé (provider_quota).",
                    {
                        "pris": 'sum(voicebot_provider_streams{provider="deepgram"})',
                        "permis": 'sum(voicebot_provider_streams_max{provider="deepgram"})',
                    },
                    "none",
                ),
                lines(
                    "Phrases en cours chez ElevenLabs",
                    "Au maximum, une phrase attend 0,3 s, puis la voix locale la dit.",
                    {
                        "prises": 'sum(voicebot_provider_streams{provider="elevenlabs"})',
                        "permises": 'sum(voicebot_provider_streams_max{provider="elevenlabs"})',
                    },
                    "none",
                ),
                lines(
                    "Caractères dits pour rien, par minute",
                    "Réponses préparées puis jetées : ElevenLabs les facture. EARLY_STARTS les borne.",
                    {"caractères": rate("voicebot_early_characters_total", per="min")},
                    "none",
                ),
                lines(
                    "Réponses jetées par minute",
                    "Demandes à Groq en vain, parce que l'appelant a continué.",
                    {"jetées": rate('voicebot_early_starts_total{result="dropped"}', per="min")},
                    "none",
                ),
            ],
        ),
    ],
)
