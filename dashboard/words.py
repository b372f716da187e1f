"""What is shown, in French and in English; French unless somebody asks for English."""

import re
from datetime import datetime, timedelta
from typing import Any, Literal

Language = Literal["fr", "en"]

WORDS: dict[str, tuple[str, str]] = {
    # Getting in
    "title": ("Voicebot SAV – supervision", "Voicebot – supervision"),
    "login_hint": ("Identifiez-vous pour voir et écouter les appels.", "Log in to see and hear the calls."),
    "login_name": ("Nom d’utilisateur", "User name"),
    "login_password": ("Mot de passe", "Password"),
    "login_enter": ("Entrer", "Log in"),
    "wrong_login": ("Nom ou mot de passe incorrect.", "Wrong name or password."),
    "wrong_origin": ("Ce formulaire ne vient pas d’ici.", "This form does not come from here."),
    "too_many_tries": ("Trop d’essais ; patientez un instant.", "Too many tries; wait a moment."),
    "no_users": (
        "Aucun utilisateur n’existe encore : un administrateur doit en créer un.",
        "There are no users yet: an administrator has to add one.",
    ),
    "address_refused": (
        "Accès refusé : l’adresse {address} ne fait pas partie de PERSONAL_IP.",
        "Access refused: the address {address} is not part of PERSONAL_IP.",
    ),
    "session_needed": ("Connectez-vous d’abord.", "Log in first."),
    "session_over": ("Votre session est terminée.", "Your session has ended."),
    "log_in_again": ("Se reconnecter", "Log in again"),
    "log_out": ("Se déconnecter", "Log out"),
    "role_reader": ("lecture seule", "read only"),
    "role_supervisor": ("superviseur", "supervisor"),
    "language": ("Langue", "Language"),
    # Navigation
    "page_today": ("Aujourd’hui", "Today"),
    "page_calls": ("Appels", "Calls"),
    "page_live": ("En direct", "Live"),
    "page_clients": ("Clients", "Clients"),
    "page_security": ("Sécurité", "Security"),
    # Troubles
    "database_away": (
        "La base de données ne répond pas pour l’instant. La page se rétablit d’elle-même.",
        "The database does not answer at the moment. This page recovers by itself.",
    ),
    "something_failed": (
        "Cette page n’a pas pu être affichée. L’erreur est dans le journal du serveur.",
        "This page could not be shown. The error is in the server's log.",
    ),
    # Figures
    "calls": ("Appels", "Calls"),
    "mean_duration": ("Durée moyenne", "Mean duration"),
    "unhappy": ("Clients mécontents", "Unhappy callers"),
    "internet": ("Pannes Internet", "Internet outages"),
    "without_human": ("Résolus sans humain", "Resolved without a human"),
    "transfers": ("Transferts", "Transfers"),
    "median_answer": ("Temps de réponse médian", "Median time to answer"),
    "running": ("Appels en cours", "Calls right now"),
    "running_unknown": ("serveur injoignable", "server not reachable"),
    "yesterday_same_time": ("hier à la même heure : {value}", "yesterday by this time: {value}"),
    "week_ago_same_time": ("il y a une semaine : {value}", "a week ago: {value}"),
    "per_hour": ("Appels par heure, aujourd’hui", "Calls per hour, today"),
    "per_day": ("Appels par jour, 30 derniers jours", "Calls per day, last 30 days"),
    "hour": ("Heure", "Hour"),
    "day": ("Jour", "Day"),
    "today": ("aujourd’hui", "today"),
    "yesterday": ("hier", "yesterday"),
    "week_ago": ("il y a une semaine", "a week ago"),
    "no_calls_yet": ("Aucun appel pour l’instant.", "No calls yet."),
    "problems_today": ("De quoi s’agit-il aujourd’hui", "What it is about today"),
    "latest": ("Derniers tickets", "Latest tickets"),
    # A ticket
    "ticket": ("Ticket", "Ticket"),
    "date": ("Date", "Date"),
    "problem": ("Problème", "Problem"),
    "status": ("Statut", "Status"),
    "sentiment": ("Humeur", "Mood"),
    "asterisk": ("Asterisk", "Asterisk"),
    "number": ("Numéro", "Number"),
    "client": ("Client", "Client"),
    "duration": ("Durée", "Duration"),
    "summary": ("Résumé", "Summary"),
    "assignee": ("Responsable", "Assigned to"),
    "unknown_caller": ("inconnu", "unknown"),
    "withheld": ("numéro masqué", "number withheld"),
    "nobody": ("personne", "nobody"),
    "problem_internet": ("Internet", "Internet"),
    "problem_mobile": ("Mobile", "Mobile"),
    "problem_modification": ("Modification", "Change of contract"),
    "problem_other": ("Autre", "Other"),
    "status_open": ("Ouvert", "Open"),
    "status_resolved": ("Résolu", "Resolved"),
    "status_transferred": ("Transféré", "Transferred"),
    "status_abandoned": ("Abandonné", "Abandoned"),
    "sentiment_positive": ("Content", "Happy"),
    "sentiment_neutral": ("Neutre", "Neutral"),
    "sentiment_negative": ("Mécontent", "Unhappy"),
    # Filters
    "filters": ("Filtrer", "Filter"),
    "filter_first": ("Du", "From"),
    "filter_last": ("Au", "To"),
    "search": ("Mots dits pendant l’appel", "Words said in the call"),
    "search_hint": ('par exemple : box rouge, "plus rien", -facture', 'for instance: box rouge, "plus rien", -facture'),
    "number_hint": ("06 12…, +336… ou les derniers chiffres", "06 12…, +336… or the last digits"),
    "any": ("tous", "any"),
    "reset": ("Tout effacer", "Clear all"),
    "found": ("{count} tickets", "{count} tickets"),
    "found_one": ("1 ticket", "1 ticket"),
    "found_none": ("Aucun ticket ne correspond.", "No ticket matches."),
    "found_many": ("plus de {count} tickets", "more than {count} tickets"),
    "newer": ("Plus récents", "Newer"),
    "older": ("Plus anciens", "Older"),
    "page_of": ("Page {page}", "Page {page}"),
    "export": ("Exporter", "Export"),
    "export_prepare": ("Préparer l’export", "Prepare the export"),
    "export_csv": ("CSV", "CSV"),
    "export_xlsx": ("Excel (XLSX)", "Excel (XLSX)"),
    "export_limit": (
        "Les {count} tickets les plus récents du filtre.",
        "The {count} newest tickets of the filter.",
    ),
    "open_ticket": ("Ouvrir le ticket", "Open ticket"),
    "ticket_number": ("N° de ticket", "Ticket number"),
    # One call
    "back": ("Retour à la liste", "Back to the list"),
    "no_such_ticket": ("Il n’y a pas de ticket n° {number}.", "There is no ticket no. {number}."),
    "conversation": ("Conversation", "Conversation"),
    "caller": ("Client", "Caller"),
    "bot": ("Bot", "Bot"),
    "both": ("Les deux", "Both"),
    "listen_to": ("Écouter", "Listen to"),
    "interrupted": ("interrompu", "interrupted"),
    "no_recording": ("L’enregistrement n’est plus là.", "The recording is not there any more."),
    "no_words": ("Personne n’a rien dit.", "Nobody said anything."),
    "leg": ("Partie {number}", "Part {number}"),
    "download": ("Télécharger :", "Download:"),
    "labelled": ("{label} : {value}", "{label}: {value}"),
    "waveform": ("Position dans l’enregistrement", "Position in the recording"),
    "answered_in": ("réponse en {ms} ms", "answered in {ms} ms"),
    "way": ("Étapes de l’appel", "Way of the call"),
    "latencies": ("Temps de réponse de chaque tour", "Time to answer each turn"),
    "mood_over_time": ("Humeur au fil de l’appel", "Mood over the call"),
    "turn": ("Tour", "Turn"),
    "milliseconds": ("Millisecondes", "Milliseconds"),
    "stage_endpoint": ("fin de parole", "end of speech"),
    "stage_understanding": ("compréhension", "understanding"),
    "stage_first_audio": ("premier son", "first sound"),
    "no_turns": (
        "Pas de détail par tour pour cet appel.",
        "No details by turn for this call.",
    ),
    "seconds": ("Secondes", "Seconds"),
    # Changes
    "manage": ("Suivi", "Follow-up"),
    "close_ticket": ("Clore (résolu)", "Close (resolved)"),
    "reopen_ticket": ("Rouvrir", "Reopen"),
    "assign": ("Confier à", "Assign to"),
    "save": ("Enregistrer", "Save"),
    "comment": ("Commentaire", "Comment"),
    "add_comment": ("Ajouter le commentaire", "Add comment"),
    "history": ("Historique", "History"),
    "no_changes": ("Aucune intervention.", "No changes."),
    "readers_cannot": (
        "Votre compte est en lecture seule.",
        "Your account is read only.",
    ),
    "saved": ("Enregistré.", "Saved."),
    "changed_meanwhile": (
        "Quelqu’un d’autre a modifié ce ticket entre-temps ; voici son état actuel.",
        "Somebody else has changed this ticket meanwhile; this is how it stands now.",
    ),
    "not_saved": ("La modification n’a pas pu être enregistrée.", "The change could not be saved."),
    "change_status": ("{who} : {before} → {after}", "{who}: {before} → {after}"),
    "change_assignee": ("{who} : confié à {after}", "{who}: assigned to {after}"),
    "change_comment": ("{who}", "{who}"),
    # Live
    "live_none": ("Aucun appel en cours.", "No calls right now."),
    "live_some": ("{count} appels en cours", "{count} calls right now"),
    "live_one": ("1 appel en cours", "1 call right now"),
    "live_since": ("depuis {duration}", "for {duration}"),
    "live_away": (
        "Le serveur vocal ne répond pas : aucun appel en cours ne peut être montré.",
        "The voice server does not answer: no running calls can be shown.",
    ),
    "live_choose": ("Choisissez un appel pour le suivre.", "Choose a call to follow it."),
    "live_over": ("Cet appel est terminé.", "This call is over."),
    "live_speaking": ("en train de parler", "speaking"),
    "live_refresh": ("Se met à jour tout seul.", "Refreshes by itself."),
    # Clients
    "back_to_clients": ("Retour aux clients", "Back to the clients"),
    "no_such_client": ("Il n’y a pas de client n° {number}.", "There is no client no. {number}."),
    "previous": ("Précédents", "Previous"),
    "next": ("Suivants", "Next"),
    "client_search": ("Nom, entreprise, e-mail ou téléphone", "Name, company, e-mail or telephone"),
    "client_none": ("Aucun client ne correspond.", "No client matches."),
    "client_name": ("Nom", "Name"),
    "company": ("Entreprise", "Company"),
    "email": ("E-mail", "E-mail"),
    "phone": ("Téléphone", "Telephone"),
    "client_since": ("Client depuis", "Client since"),
    "client_calls": ("Appels de ce client", "Calls of this client"),
    "clients_found": ("{count} clients", "{count} clients"),
    "choose_client": ("Choisissez un client pour voir ses appels.", "Choose a client to see their calls."),
    # Security
    "security_wanted": ("Pare-feu : voulu et réel", "Firewall: wanted and actual"),
    "security_ok": ("Le pare-feu est tel qu’il doit être.", "The firewall is as it should be."),
    "security_differs": ("Le pare-feu diffère de ce qui est voulu.", "The firewall differs from what is wanted."),
    "security_unknown": (
        "L’état du pare-feu n’est pas encore connu : {file} manque.",
        "The state of the firewall is not known yet: {file} is missing.",
    ),
    "security_old": (
        "Attention : plus personne ne vérifie le pare-feu depuis {when}.",
        "Attention: nobody has looked at the firewall since {when}.",
    ),
    "security_checked": ("Vérifié : {when}", "Checked: {when}"),
    "security_rules_wanted": ("Règles voulues ({count})", "Rules that are wanted ({count})"),
    "security_rules_actual": ("Règles réelles ({count})", "Rules that stand ({count})"),
    "security_rule": ("Règle", "Rule"),
    "security_family": ("Famille", "Family"),
    "security_state": ("État", "State"),
    "security_state_present": ("présente", "present"),
    "security_state_missing": ("manque", "missing"),
    "security_state_wanted": ("voulue", "wanted"),
    "security_state_extra": ("en trop", "too many"),
    "security_state_foreign": ("d’un autre programme", "of another program"),
    "security_allowed": ("Qui est autorisé", "Who is allowed"),
    "security_addresses": ("Adresses qui peuvent regarder (PERSONAL_IP)", "Addresses that may look (PERSONAL_IP)"),
    "security_administrators": (
        "Administrateurs (pare-feu)",
        "Administrators (firewall)",
    ),
    "security_proxies": ("Proxys de confiance", "Trusted proxies"),
    "security_none": ("aucun", "none"),
    "security_refused": ("Connexions refusées", "Refused connections"),
    "security_reason": ("Motif", "Reason"),
    "security_count": ("Nombre", "Count"),
    "security_since_start": (
        "Depuis le démarrage du serveur vocal.",
        "Since the voice server was started.",
    ),
    "security_logins": ("Qui peut se connecter", "Who may log in"),
    "security_refused_calls": ("Par le serveur vocal", "By the voice server"),
    "security_refused_here": ("Par ce tableau de bord", "By this dashboard"),
    "security_server_away": ("Le serveur vocal ne répond pas.", "The voice server does not answer."),
    "security_nobody_refused": ("Personne n’a été refusé.", "Nobody was refused."),
    "refused_address": ("Adresse non autorisée", "Address not allowed"),
    "refused_session": ("Sans session", "Without a session"),
    "refused_password": ("Mauvais identifiants", "Wrong name or password"),
    "refused_too_many_tries": ("Trop d’essais", "Too many tries"),
    "refused_not_allowed": ("Adresse non autorisée", "Address not allowed"),
    "refused_too_many_connections": ("Trop de connexions en attente", "Too many waiting connections"),
    "refused_no_uuid": ("Fermé avant l’UUID", "Closed before the UUID"),
    "refused_uuid_timeout": ("Pas d’UUID en 5 s", "No UUID within 5 s"),
    "refused_first_kind": ("Autre protocole", "Another protocol"),
    "refused_bad_uuid": ("UUID mal formé", "Malformed UUID"),
    "refused_second_uuid": ("Deuxième UUID", "Second UUID"),
    "refused_odd_audio": ("Son incomplet", "Half a sample of sound"),
    "refused_bad_dtmf": ("Touche inconnue", "Unknown key"),
    "refused_unknown_kind": ("Trame inconnue", "Unknown frame"),
    "refused_cut_frame": ("Trame coupée", "Cut frame"),
    "refused_flood": ("Trop de son à la fois", "Too much sound at once"),
    "refused_stuck_peer": ("Asterisk ne lit plus", "Asterisk does not read"),
    "refused_busy": ("Toutes les lignes occupées", "All lines busy"),
    "refused_overloaded": ("Serveur surchargé", "Server overloaded"),
    "refused_provider_quota": ("Quota du fournisseur", "Quota of the provider"),
    "refused_duplicate_uuid": ("UUID déjà en cours", "UUID already in use"),
    "refused_unannounced": ("Appel non annoncé", "Call not announced"),
    "refused_draining": ("Serveur en cours d’arrêt", "Server stopping"),
    "role": ("Rôle", "Role"),
    "name": ("Nom", "Name"),
    "network": ("Adresse ou réseau", "Address or network"),
}

STATES = {
    "INIT": ("Début", "Start"),
    "WELCOME": ("Accueil", "Welcome"),
    "TICKET_VERIFICATION": ("Ticket en cours ?", "Pending ticket?"),
    "IDENTIFICATION": ("Identification", "Identification"),
    "DIAGNOSTIC": ("Diagnostic", "Diagnosis"),
    "SOLUTION": ("Solution", "Solution"),
    "VERIFICATION": ("Vérification", "Verification"),
    "TRANSFER": ("Transfert", "Transfer"),
    "CALLBACK": ("Rappel", "Call back"),
    "GOODBYE": ("Au revoir", "Goodbye"),
    "ERROR": ("Erreur", "Error"),
}


def word(key: str, language: Language, **values: Any) -> str:
    """One entry of the table, its blanks filled."""
    text = WORDS[key][0 if language == "fr" else 1]
    return text.format(**values) if values else text


def state_word(state: str, language: Language) -> str:
    """What people call a state of the dialogue."""
    known = STATES.get(state)
    return known[0 if language == "fr" else 1] if known else state


def language_of(wanted: str | None) -> Language:
    """What a browser (Accept-Language) or an address (`en`) asks for; the first language decides."""
    first = (wanted or "fr").split(",")[0].strip().lower()
    return "en" if first.split("-")[0] == "en" else "fr"


def duration_words(seconds: float | None) -> str:
    """As on a clock: 3:07, 1:02:09; a dash for what is not known."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def moment_words(moment: datetime, now: datetime, language: Language) -> str:
    """Today 14:05, yesterday 09:12, else the date; both moments in the zone to be shown."""
    clock = f"{moment:%H:%M}"
    if moment.date() == now.date():
        return clock
    if moment.date() == now.date() - timedelta(days=1):
        return f"{word('yesterday', language)} {clock}"
    return f"{day_words(moment, language)} {clock}"


def day_words(moment: datetime, language: Language) -> str:
    """The date in figures."""
    return f"{moment:%d/%m/%Y}" if language == "fr" else f"{moment:%Y-%m-%d}"


def phone_words(number: str) -> str:
    """+33 6 12 34 56 78 for +33612345678; numbers of other countries as they are."""
    match = re.fullmatch(r"\+33(\d)(\d\d)(\d\d)(\d\d)(\d\d)", number)
    return f"+33 {' '.join(match.groups())}" if match else number


def number_words(value: float, language: Language, digits: int = 0) -> str:
    """1 234,5 in French (with narrow spaces that do not break), 1,234.5 in English."""
    text = f"{value:,.{digits}f}"
    if language == "en":
        return text
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}").replace(".", ",")
