"""Which Deepgram connections are let in."""

import pytest

from app.standins.handshake import RefusedError, check_key, flux_request, nova_request

NOVA = {"model": "nova-3", "language": "fr", "encoding": "linear16", "sample_rate": "8000"}
FLUX = {"model": "flux-general-multi", "encoding": "mulaw", "sample_rate": "8000"}


def test_nova_defaults() -> None:
    request = nova_request(NOVA, 1.0)
    assert request.options.endpointing_s == 0.01
    assert request.options.interim_every_s is None
    assert request.options.utterance_end_s is None
    assert not request.punctuated


def test_utterance_end_needs_interims() -> None:
    assert nova_request({**NOVA, "utterance_end_ms": "1000"}, 1.0).options.utterance_end_s is None
    both = {**NOVA, "utterance_end_ms": "1000", "interim_results": "true"}
    assert nova_request(both, 1.0).options.utterance_end_s == 1.0


def test_endpointing_can_be_switched_off() -> None:
    assert nova_request({**NOVA, "endpointing": "false"}, 1.0).options.endpointing_s is None


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "nova-2-phonecall"},
        {"language": "fr-FR"},
        {"utterance_end_ms": "999", "interim_results": "true"},
        {"sample_rate": "none"},
        {"sample_rate": "4000"},
        {"channels": "2"},
        {"interim_results": "yes"},
        {"keywords": "box:2"},
        {"model": "nova-2", "keyterm": "box"},
    ],
)
def test_nova_refuses(changes: dict[str, str]) -> None:
    with pytest.raises(RefusedError) as caught:
        nova_request({**NOVA, **changes}, 1.0)
    assert caught.value.refusal.status == 400


@pytest.mark.parametrize(
    "changes",
    [{"eot_threshold": "0.4"}, {"eager_eot_threshold": "0.8"}, {"eot_timeout_ms": "100"}, {"endpointing": "300"}],
)
def test_flux_refuses(changes: dict[str, str]) -> None:
    with pytest.raises(RefusedError):
        flux_request({**FLUX, **changes}, ())


def test_flux_languages() -> None:
    assert flux_request(FLUX, ("fr",)).language_hints == ("fr",)
    with pytest.raises(RefusedError):
        flux_request({**FLUX, "model": "flux-general-en"}, ("fr",))


@pytest.mark.parametrize("header", [None, "", "Token", "Token bad", "Basic good"])
def test_keys(header: str | None) -> None:
    check_key("Token good", "good")
    check_key("bearer anything", "")
    with pytest.raises(RefusedError) as caught:
        check_key(header, "good")
    assert caught.value.refusal.status == 401
