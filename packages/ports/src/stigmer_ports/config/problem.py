"""What is said when a service cannot start as it is configured."""


class ConfigError(Exception):
    """A setting is wrong or cannot be used. The text is one sentence that names each variable and shows no secret."""
