"""LoRA and full fine-tuning over kept tokens, with `transformers.Trainer`: nothing is computed that no label needs."""
