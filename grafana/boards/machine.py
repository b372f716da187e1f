"""Machine et bases: what the calls stand on."""

from grafana import thresholds as t
from grafana.board import Board
from grafana.panels import GREEN, RED, at_least, at_most, figure, lines
from grafana.queries import grown, rate
from grafana.rules.machine import DISKS

_DAY_S, _HOUR_S = 86400.0, 3600.0
_NETWORK = '{device!~"veth.*"}'  # one for each container

MACHINE = Board(
    uid="voicebot-machine",
    title="Voicebot – Machine et bases",
    description="Processeur, mémoire, disques, bases de données, file d'attente des tickets, sauvegardes.",
    span="24h",
    rows=[
        (
            "Bases de données et sauvegardes",
            [
                figure(
                    "Bases",
                    "Chacune est interrogée toutes les 5 s. Absente : les appels continuent, les tickets attendent "
                    "sur le disque.",
                    "min by (database) (voicebot_database_up)",
                    "none",
                    steps=[(None, RED), (1, GREEN)],
                    words={"0": "absente", "1": "répond"},
                    legend="{{database}}",
                    span=6,
                ),
                figure(
                    "Tickets en attente",
                    "Tickets d'appels terminés qui attendent la base sur le disque.",
                    "max(voicebot_spool_entries)",
                    "none",
                    steps=at_most(t.SPOOL_ENTRIES, warn=1),
                    span=6,
                ),
                figure(
                    "Âge de la sauvegarde",
                    f"Depuis la dernière qui a réussi. Rouge au-delà de {t.BACKUP_MAX_AGE_H} h.",
                    "time() - max(voicebot_backup_last_success_timestamp_seconds)",
                    "s",
                    steps=at_most(t.BACKUP_MAX_AGE_H * _HOUR_S),
                    span=6,
                ),
                figure(
                    "Âge de l'essai de restauration",
                    f"Depuis le dernier qui a réussi. Rouge au-delà de {t.DRILL_MAX_AGE_D} jours.",
                    "time() - max(voicebot_restore_drill_last_success_timestamp_seconds)",
                    "s",
                    steps=at_most(t.DRILL_MAX_AGE_D * _DAY_S),
                    span=6,
                ),
                figure(
                    "Taille de la sauvegarde",
                    "De la dernière qui a réussi, enregistrements compris.",
                    "max(voicebot_backup_size_bytes)",
                    "bytes",
                    span=6,
                ),
                figure(
                    "Durée de la sauvegarde",
                    "De la dernière qui a réussi.",
                    "max(voicebot_backup_duration_seconds)",
                    "s",
                    span=6,
                ),
                figure(
                    "Dernière sauvegarde",
                    "Un échec sonne ; celles d'avant restent.",
                    "max(voicebot_backup_failed)",
                    "none",
                    steps=[(None, GREEN), (1, RED)],
                    words={"0": "réussie", "1": "échouée"},
                    span=6,
                ),
                figure(
                    "Dernier essai de restauration",
                    "Une sauvegarde est restaurée à côté des bases et comparée à ce qui avait été sauvegardé.",
                    "max(voicebot_restore_drill_failed)",
                    "none",
                    steps=[(None, GREEN), (1, RED)],
                    words={"0": "réussi", "1": "échoué"},
                    span=6,
                ),
                lines(
                    "Temps de réponse des bases",
                    "D'une question vide, jusqu'à 1 s, où elle est abandonnée.",
                    {"{{database}}": "max by (database) (voicebot_database_ping_seconds)"},
                    "s",
                    limit=t.DATABASE_PING_S,
                ),
                lines(
                    "Tickets en attente",
                    "Monte quand la base est absente, redescend tout seul quand elle revient.",
                    {"en attente": "max(voicebot_spool_entries)"},
                    "none",
                    limit=t.SPOOL_ENTRIES,
                ),
            ],
        ),
        (
            "Le serveur",
            [
                figure(
                    "Processus",
                    "Processus qui prennent des appels (WORKERS).",
                    "sum(voicebot_workers)",
                    "none",
                    steps=at_least(1),
                    span=6,
                ),
                figure(
                    "Remplacés",
                    "Sur la période : processus morts, bloqués ou renouvelés.",
                    grown("voicebot_worker_restarts_total"),
                    "none",
                    decimals=0,
                    steps=at_most(2, warn=1),
                    span=6,
                ),
                figure(
                    "Mémoire du serveur",
                    "Tous les processus ensemble ; ce qu'ils partagent compte pour chacun.",
                    "sum(voicebot_process_resident_memory_bytes)",
                    "bytes",
                    span=6,
                ),
                figure(
                    "Fichiers ouverts",
                    "Descripteurs de tous les processus ; environ quatre par appel.",
                    "sum(voicebot_process_open_fds)",
                    "none",
                    span=6,
                ),
                lines(
                    "Processeur du serveur",
                    "Cœurs occupés, par processus. Un processus n'en occupe jamais plus d'un à peu près.",
                    {"{{worker}}": rate("voicebot_process_cpu_seconds_total", by="worker")},
                    "none",
                    stacked=True,
                ),
                lines(
                    "Mémoire du serveur",
                    "Par processus. Monte avec les appels et redescend ; ce qui ne redescend jamais est une fuite.",
                    {"{{worker}}": "sum by (worker) (voicebot_process_resident_memory_bytes)"},
                    "bytes",
                    stacked=True,
                ),
            ],
        ),
        (
            "La machine",
            [
                lines(
                    "Processeur de la machine",
                    "Part occupée, tous cœurs ensemble. Le son veut de la marge : 80 % est trop.",
                    {
                        "occupé": '1 - avg(rate(node_cpu_seconds_total{mode="idle"}[$__rate_interval]))',
                        "volé": 'avg(rate(node_cpu_seconds_total{mode="steal"}[$__rate_interval]))',
                    },
                    "percentunit",
                    limit=0.8,
                    high=1.0,
                ),
                lines(
                    "Mémoire de la machine",
                    "Disponible, caches compris.",
                    {
                        "disponible": "sum(node_memory_MemAvailable_bytes)",
                        "installée": "sum(node_memory_MemTotal_bytes)",
                    },
                    "bytes",
                ),
                lines(
                    "Place libre sur les disques",
                    f"Part libre. Rouge sous {t.DISK_FREE_SHARE * 100:g} %.",
                    {"{{mountpoint}}": f"node_filesystem_avail_bytes{DISKS} / node_filesystem_size_bytes{DISKS}"},
                    "percentunit",
                    limit=t.DISK_FREE_SHARE,
                    high=1.0,
                ),
                lines(
                    "Réseau",
                    "Reçu et envoyé. Un appel prend 16 ko/s dans chaque sens, et autant vers Deepgram.",
                    {
                        "reçu {{device}}": rate(f"node_network_receive_bytes_total{_NETWORK}", by="device"),
                        "envoyé {{device}}": rate(f"node_network_transmit_bytes_total{_NETWORK}", by="device"),
                    },
                    "Bps",
                ),
            ],
        ),
    ],
)
