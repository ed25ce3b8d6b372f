"""Settings come from the environment; what is wrong is told in one sentence, and in it no secret."""

from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import Field, SecretStr, field_validator, model_validator
from stigmer_ports.config import ConfigError, LogLevel, LogSettings, load, secret_values
from stigmer_ports.config.reference import table
from stigmer_ports.config.value_types import Port, PositiveSeconds, fits_a_header


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Sample(LogSettings):
    sample_port: Port = Field(default=8080, description="A port.")
    sample_seconds: PositiveSeconds = Field(default=2.0, description="A time.")
    sample_rate: Annotated[float, Field(gt=0)] = Field(default=0.5, description="A rate.")
    sample_switch: bool = Field(default=False, description="On or off.")
    sample_colour: Colour = Field(default=Colour.RED, description="A colour.")
    sample_side: Literal["left", "right"] = Field(default="left", description="A side.")
    sample_url: str | None = Field(
        default=None, pattern="^https://[a-z.]+$", examples=["https://a.example"], description="A place."
    )
    sample_key: SecretStr | None = Field(default=None, description="A key.")
    sample_word: SecretStr | None = Field(default=None, description="A word.")

    @field_validator("sample_key", "sample_word")
    @classmethod
    def _fits(cls, value: SecretStr | None) -> SecretStr | None:
        return fits_a_header(value)

    @model_validator(mode="after")
    def _together(self) -> "Sample":
        if (self.sample_key is None) != (self.sample_word is None):
            raise ValueError("SAMPLE_KEY and SAMPLE_WORD must be set together")
        return self


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SAMPLE_PORT", "eighty", "SAMPLE_PORT must be a whole number, not 'eighty'."),
        ("SAMPLE_PORT", "-1", "SAMPLE_PORT must be at least 0, not '-1'."),
        ("SAMPLE_PORT", "70000", "SAMPLE_PORT must be at most 65535, not '70000'."),
        ("SAMPLE_SECONDS", "soon", "SAMPLE_SECONDS must be a number of seconds, not 'soon'."),
        ("SAMPLE_SECONDS", "nan", "SAMPLE_SECONDS must be a number of seconds, not 'nan'."),
        ("SAMPLE_RATE", "fast", "SAMPLE_RATE must be a number, not 'fast'."),
        ("SAMPLE_RATE", "0", "SAMPLE_RATE must be more than 0, not '0'."),
        ("SAMPLE_SWITCH", "maybe", "SAMPLE_SWITCH must be true or false, not 'maybe'."),
        ("SAMPLE_COLOUR", "blue", "SAMPLE_COLOUR must be one of red, green, not 'blue'."),
        ("SAMPLE_SIDE", "up", "SAMPLE_SIDE must be one of left, right, not 'up'."),
        ("SAMPLE_URL", "https://u:hidden@h", "SAMPLE_URL must be a URL such as https://a.example."),
        ("SAMPLE_KEY", "two hidden words", "SAMPLE_KEY must be printable ASCII without spaces."),
        ("SAMPLE_KEY", "hidden", "SAMPLE_KEY and SAMPLE_WORD must be set together."),
        ("LOG_LEVEL", "loud", "LOG_LEVEL must be one of debug, info, warning, error, critical, not 'loud'."),
    ],
)
def test_what_is_wrong_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load(Sample)
    assert str(caught.value) == sentence


def test_each_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMPLE_PORT", "x")
    monkeypatch.setenv("SAMPLE_SIDE", "y")
    with pytest.raises(ConfigError, match=r"^SAMPLE_PORT .*; SAMPLE_SIDE [^;]*\.$"):
        load(Sample)


def test_secrets_are_known_to_those_who_hide_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMPLE_KEY", " the-key\n")
    monkeypatch.setenv("SAMPLE_WORD", "the-word")
    assert secret_values(load(Sample)) == ("the-key", "the-word")


@pytest.mark.parametrize(("said", "level"), [("WARN", "warning"), ("fatal", "critical"), ("trace", "debug")])
def test_levels_have_other_names(monkeypatch: pytest.MonkeyPatch, said: str, level: str) -> None:
    monkeypatch.setenv("LOG_LEVEL", said)
    assert load(LogSettings).log_level is LogLevel(level)


def test_the_table_has_a_row_for_each_variable() -> None:
    rows = table(Sample.model_fields).splitlines()
    assert rows[:2] == ["| Variable | Default | Meaning |", "|---|---|---|"]
    assert "| `SAMPLE_SECONDS` | `2` | A time. |" in rows
    assert "| `SAMPLE_SWITCH` | `false` | On or off. |" in rows
    assert "| `SAMPLE_COLOUR` | `red` | A colour. |" in rows
    assert "| `SAMPLE_KEY` | - | A key. Secret. |" in rows
    assert len(rows) == 2 + len(Sample.model_fields)
