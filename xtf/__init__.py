"""XTF: see, token by token, what fine-tuning data teaches a language model, and decide what it should teach."""

__version__ = "0.1.0"
