"""A token (PKCS #11) for tests: SoftHSM, in a folder of its own."""

import subprocess
from pathlib import Path

from certificates import token_keys
from certificates.keyring import Use

PIN = "7305-no-se-dice"
LIBRARY = next(iter(sorted(Path("/usr/lib").glob("**/softhsm/libsofthsm2.so"))), Path("libsofthsm2.so"))


class Token:
    """A token of SoftHSM, as a folder that can be taken away."""

    def __init__(self, folder: Path, settings):
        self.folder, self.away = folder / "tokens", folder / "elsewhere"
        self.folder.mkdir(parents=True)
        self.pin = folder / "pin"
        self.pin.write_text(f"{PIN}\n")
        (folder / "conf").write_text(f"directories.tokendir = {self.folder}\nobjectstore.backend = file\n")
        settings.PKCS11_MODULE, settings.PKCS11_TOKEN = str(LIBRARY), "llaves"
        settings.PKCS11_PIN_FILE, settings.PKCS11_USES = str(self.pin), [use.value for use in Use]

    def set_up(self) -> None:
        """A token without a key."""
        command = ["softhsm2-util", "--init-token", "--free", "--label", "llaves", "--pin", PIN, "--so-pin", "87654321"]
        subprocess.run(command, check=True, capture_output=True)

    def take_out(self) -> None:
        """Nobody reaches it any longer."""
        self.folder.rename(self.away)
        self.folder.mkdir()
        token_keys.forget()

    def put_in(self) -> None:
        """It is back, as it was."""
        self.folder.rmdir()
        self.away.rename(self.folder)
