import pytest

from app.caller.load_target import check_target
from app.errors import ConfigError


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.7", "172.16.9.9", "169.254.1.1", "fd00::7"]
)
async def test_own_and_private_addresses_are_let_through(host: str) -> None:
    await check_target(host, 9090, public_too=False)


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700::1111"])
async def test_a_public_address_must_be_meant(host: str) -> None:
    with pytest.raises(ConfigError, match="--yes-really"):
        await check_target(host, 9090, public_too=False)
    await check_target(host, 9090, public_too=True)
