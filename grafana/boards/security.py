"""Sécurité: who knocks, whether the firewall is what it should be, what will expire."""

from grafana import thresholds as t
from grafana.board import Board
from grafana.panels import GREEN, RED, at_least, at_most, figure, lines
from grafana.queries import grown, rate

_DAY_S = 86400.0
_REFUSED = "voicebot_refused_calls_total"
_NOT_FOR_ROOM = '{reason!~"busy|overloaded|provider_quota|draining"}'
_ODD_ENDS = 'voicebot_calls_total{outcome!~"goodbye|transfer|callback|error|silence|too_long|hangup|lost|worker_died"}'

SECURITY = Board(
    uid="voicebot-security",
    title="Voicebot – Sécurité",
    description="Qui frappe à la porte, le pare-feu est-il ce qu'il devrait être, qu'est-ce qui expire.",
    span="24h",
    rows=[
        (
            "",
            [
                figure(
                    "Pare-feu",
                    "Règles qui manquent, qui sont en trop ou mal placées. « voicebot firewall status » les nomme.",
                    "max(voicebot_firewall_differs)",
                    "none",
                    steps=[(None, GREEN), (1, RED)],
                    words={"0": "conforme"},
                ),
                figure(
                    "Pare-feu vérifié il y a",
                    f"Un minuteur le compare à ce qu'il devrait être. Rouge au-delà de {t.FIREWALL_LOOK_MAX_AGE_H} h.",
                    "time() - max(voicebot_firewall_checked_timestamp_seconds)",
                    "s",
                    steps=at_most(t.FIREWALL_LOOK_MAX_AGE_H * 3600.0),
                ),
                figure(
                    "Certificats : expirent dans",
                    f"Rouge sous {t.CERTIFICATE_CRITICAL_D} jours, jaune sous {t.CERTIFICATE_WARNING_D}.",
                    "min by (certificate) (voicebot_certificate_expires_timestamp_seconds) - time()",
                    "s",
                    steps=at_least(t.CERTIFICATE_WARNING_D * _DAY_S, warn=t.CERTIFICATE_CRITICAL_D * _DAY_S),
                    legend="{{certificate}}",
                ),
                figure(
                    "Inconnus refusés",
                    "Sur la période : connexions au port des appels depuis des adresses qui ne sont pas dans "
                    "REMOTE_ASTERISK_IP.",
                    grown(f'{_REFUSED}{{reason="not_allowed"}}'),
                    "none",
                    decimals=0,
                    steps=at_most(t.STRANGERS, warn=1),
                ),
                figure(
                    "Appels non annoncés",
                    "Sur la période : refusés parce qu'aucun dialplan ne les avait annoncés (REQUIRE_ANNOUNCED_CALLS).",
                    grown(f'{_REFUSED}{{reason="unannounced"}}'),
                    "none",
                    decimals=0,
                    steps=at_most(t.REFUSED_CALLS, warn=1),
                ),
                figure(
                    "Clés refusées",
                    "Sur la période : fournisseurs ou Asterisk qui ont refusé notre clé ou notre mot de passe.",
                    grown('voicebot_errors_total{kind="auth"}'),
                    "none",
                    decimals=0,
                    steps=at_most(1),
                ),
            ],
        ),
        (
            "Au port des appels",
            [
                lines(
                    "Connexions refusées par heure",
                    "not_allowed : adresse inconnue, que le pare-feu aurait dû arrêter ; no_uuid, uuid_timeout, "
                    "first_kind : ne parle pas AudioSocket ; duplicate_uuid : deux appels sous un même identifiant.",
                    {"{{reason}}": rate(f"{_REFUSED}{_NOT_FOR_ROOM}", by="reason", per="h")},
                    "none",
                    stacked=True,
                ),
                lines(
                    "Appels qui ont rompu le protocole, par heure",
                    "Fins d'appel qui ne sont ni d'un appelant ni de nous : un Asterisk mal réglé, ou quelqu'un qui "
                    "essaie.",
                    {"appels": f"{rate(_ODD_ENDS, per='h')} or vector(0)"},
                    "none",
                ),
            ],
        ),
        (
            "Pare-feu et liens",
            [
                lines(
                    "Différences du pare-feu",
                    "Autre chose que zéro : quelqu'un, ou quelque chose, a changé les règles.",
                    {"différences": "max(voicebot_firewall_differs)"},
                    "none",
                    limit=1.0,
                ),
                lines(
                    "Refus d'identification par minute",
                    "Clés et mots de passe refusés, par fournisseur ; ami : l'interface d'administration d'Asterisk.",
                    {"{{provider}}": rate('voicebot_errors_total{kind="auth"}', by="provider", per="min")},
                    "none",
                    stacked=True,
                ),
                lines(
                    "Liens avec les Asterisk",
                    "1 : tous les processus sont connectés à l'AMI de cet Asterisk. Sans AMI, rien n'est montré.",
                    {"{{asterisk}}": "min by (asterisk) (voicebot_ami_connected)"},
                    "none",
                    high=1.0,
                ),
                lines(
                    "Liens coupés et erreurs AMI par minute",
                    "Chaque essai de connexion raté compte.",
                    {"{{kind}}": rate('voicebot_errors_total{provider="ami"}', by="kind", per="min")},
                    "none",
                    stacked=True,
                ),
            ],
        ),
    ],
)
