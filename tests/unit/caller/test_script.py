from pathlib import Path

import pytest

from app.caller.script import (
    Echo,
    HangUp,
    HangUpMidSentence,
    Interject,
    Listen,
    MakeSound,
    Noise,
    PlayWav,
    Say,
    Script,
    parse_script,
    pieces_of,
    read_script,
    script_for_wav,
    shipped_scripts,
    words_of,
)
from app.errors import ConfigError


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        parse_script(text, "f.yaml")
    return error.value.problems


def test_every_kind_of_step() -> None:
    script = parse_script(
        """
name: tout
voice: {name: fr+m3, rate_wpm: 180, pitch: 40}
bot_silence_ms: 900
ptime_ms: 30
suppress_silence: true
steps:
  - say: "Bonjour."
  - say: "Attendez"
    over_bot_after_s: 1.0
  - say: "Merci."
    optional: true
  - pause_s: 3
  - dtmf: "12#"
  - wait_bot_s: 20
  - wav: fichier.wav
  - listen_until_quiet_s: 2
  - hangup_mid_sentence: "J'ai un problème avec ma"
""",
        "f.yaml",
        Path("dossier"),
    )
    assert [step.key for step in script.steps] == [
        "say",
        "say",
        "say",
        "pause_s",
        "dtmf",
        "wait_bot_s",
        "wav",
        "listen_until_quiet_s",
        "hangup_mid_sentence",
    ]
    assert script.steps[1] == Say(say="Attendez", over_bot_after_s=1.0)
    assert script.steps[-1] == HangUpMidSentence(hangup_mid_sentence="J'ai un problème avec ma")
    assert script.folder == Path("dossier")


def test_what_is_said_over_the_bot_and_heard_besides() -> None:
    script = parse_script(
        """
name: bruyant
noise: {sound: babble, snr_db: 5}
echo: {delay_ms: 200}
voice: {gain_db: 6}
steps:
  - interject: "Mmh."
    after_s: 2
  - sound: cough
""",
        "f.yaml",
    )
    assert script.steps == (Interject(interject="Mmh.", after_s=2), MakeSound(sound="cough", after_s=1))
    assert script.noise == Noise(sound="babble", snr_db=5)
    assert script.echo == Echo(level_db=-20, delay_ms=200)


def test_silences_in_a_sentence() -> None:
    assert pieces_of("Zéro six [1.5] douze, [0.25] euh") == ["Zéro six", 1.5, "douze,", 0.25, "euh"]
    assert pieces_of("Oui.") == ["Oui."]
    assert words_of("Zéro six [1.5] douze, [0.25] euh") == "Zéro six douze, euh"


def test_defaults() -> None:
    script = parse_script("name: vide", "f.yaml")
    assert (script.bot_silence_ms, script.wait_bot_s, script.ptime_ms, script.suppress_silence) == (
        700,
        20,
        20,
        False,
    )
    assert script.steps == ()


def test_all_mistakes_in_one_message() -> None:
    found = problems(
        """
name: "a b"
speed: 3
voice: {name: "x; y"}
ptime_ms: 25
steps:
  - say: ""
  - sey: hello
  - {say: a, dtmf: "1"}
  - dtmf: 12
  - pause_s: -1
  - {say: a, loud: true}
  - 12
"""
    )
    assert [problem.split(": ")[1:3] for problem in found][:4] == [
        ["name", "String should match pattern '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'"],
        ["voice.name", "String should match pattern '^[a-z]{2,3}(-[a-zA-Z0-9]+)*(\\+[A-Za-z0-9_]+)?$'"],
        ["ptime_ms", "Input should be 10, 20, 30, 40 or 60"],
        ["step 1", "say"],
    ]
    assert [problem.split(": ")[1] for problem in found][4:] == [
        *(f"step {number}" for number in range(2, 8)),
        "speed",
    ]
    assert all(problem.startswith("f.yaml: ") for problem in found)
    assert found[4] == found[5].replace("step 3", "step 2")
    assert "exactly one of: say, interject, sound, wav" in found[4]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("steps: [", "f.yaml, line 1: not YAML"),
        ("- a", "f.yaml: a script is a mapping"),
        ("", "f.yaml: a script is a mapping"),
        ("steps: []", "f.yaml: name: Field required"),
        ("{name: a, steps: [{hangup: false}]}", "f.yaml: step 1: hangup: Input should be True"),
        ("{name: a, steps: [{hangup: true}, {pause_s: 1}]}", "step 1 hangs up: no step can follow it"),
        ("{name: a, steps: [{pause_s: .inf}]}", "f.yaml: step 1: pause_s"),
        ("{name: a, max_seconds: 0}", "f.yaml: max_seconds"),
    ],
)
def test_one_mistake(text: str, problem: str) -> None:
    (found,) = problems(text)
    assert problem in found


def test_shipped_scripts_can_be_played_by_name() -> None:
    assert shipped_scripts() == (
        "demande_humain",
        "internet_resolu",
        "modification",
        "probleme_mobile",
        "probleme_persiste",
        "raccroche",
        "silence",
        "ticket_en_cours",
    )
    for name in shipped_scripts():
        script = read_script(name)
        assert script.name.replace("-", "_") == name
        assert script.description


def test_the_example_dialogue_of_the_product() -> None:
    script = read_script("internet_resolu")
    assert [step.say for step in script.steps if isinstance(step, Say) and not step.optional] == [
        "Bonjour, j'ai un problème avec ma connexion Internet.",
        "Non.",
        "Pierre Dupont de la société TechCorp.",
        "Ma box Internet ne fonctionne plus depuis ce matin.",
        "D'accord, je vais essayer.",
        "Oui, ça marche ! Merci beaucoup.",
    ]


def test_a_script_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"nulle_part.*internet_resolu"):
        read_script("nulle_part")


def test_a_script_for_a_sound_file() -> None:
    script = script_for_wav(Path("/sons/appel.wav"), quiet_s=4)
    assert isinstance(script, Script)
    assert script.steps == (
        PlayWav(wav=Path("/sons/appel.wav")),
        Listen(listen_until_quiet_s=4),
        HangUp(hangup=True),
    )
