"""Fournisseurs: who hears, who understands, who speaks, and what stands in for them."""

from grafana.board import Board
from grafana.panels import GREEN, RED, YELLOW, figure, lines

_BUCKETS = "voicebot_turn_latency_seconds_bucket"


def _errors(kind: str) -> dict[str, str]:
    series = f'voicebot_errors_total{{provider!="ami",kind{kind}}}'
    return {"{{provider}} {{kind}}": f"sum by (provider, kind) (rate({series}[$__rate_interval])) * 60"}


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
                    "Après trois échecs de suite, un fournisseur est laissé en paix 10 s et son remplaçant local travaille. Sans "
                    "appel, l'état ne change pas.",
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
                    'sum by (provider) (increase(voicebot_errors_total{provider!="ami"}[$__range]))',
                    "none",
                    legend="{{provider}}",
                    decimals=0,
                    span=9,
                ),
                figure(
                    "Places prises",
                    "Part de DEEPGRAM_MAX_STREAMS et d'ELEVENLABS_MAX_STREAMS. Plus de place : l'appel est refusé (Deepgram), "
                    "la phrase est dite par la voix locale (ElevenLabs).",
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
                    "timeout : notre délai est passé ; network : coupé, refusé, HTTP 5xx ; protocol : réponse insensée.",
                    _errors('!~"auth|quota"'),
                    "none",
                    stacked=True,
                ),
                lines(
                    "Clés refusées et quotas, par minute",
                    "auth : la clé est refusée ; quota : débit, nombre de flux ou paiement. Ni l'un ni l'autre ne passe tout seul.",
                    _errors('=~"auth|quota"'),
                    "none",
                    stacked=True,
                ),
                lines(
                    "Remplacements par minute",
                    "groq → rules : les règles locales ont compris ; groq → phrases : la réponse s'est coupée, la phrase fixe a suivi ; "
                    "elevenlabs → espeak : la voix locale a parlé.",
                    {
                        "{{provider}} → {{to}}": "sum by (provider, to)"
                        " (rate(voicebot_fallbacks_total[$__rate_interval])) * 60"
                    },
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
                    "De la fin du tour à l'intention connue. Au-delà de 1,4 s, les règles répondent à sa place.",
                    {
                        name: f'histogram_quantile({q}, sum by (le) (rate({_BUCKETS}{{stage="understanding"}}[$__rate_interval])))'
                        for name, q in (("médiane", 0.5), ("95 %", 0.95))
                    },
                    "s",
                    limit=1.4,
                ),
                lines(
                    "Premier son (ElevenLabs ou cache)",
                    "De l'intention à la première trame. Au-delà de 0,8 s, la voix locale parle à sa place.",
                    {
                        name: f'histogram_quantile({q}, sum by (le) (rate({_BUCKETS}{{stage="first_audio"}}[$__rate_interval])))'
                        for name, q in (("médiane", 0.5), ("95 %", 0.95))
                    },
                    "s",
                    limit=0.8,
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
                    {"caractères": "sum(rate(voicebot_early_characters_total[$__rate_interval])) * 60"},
                    "none",
                ),
                lines(
                    "Réponses jetées par minute",
                    "Demandes à Groq en vain, parce que l'appelant a continué.",
                    {"jetées": 'sum(rate(voicebot_early_starts_total{result="dropped"}[$__rate_interval])) * 60'},
                    "none",
                ),
            ],
        ),
    ],
)
