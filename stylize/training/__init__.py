"""Training, export, quantization and evaluation: the only part that needs torch.

Install it with ``pip install "stylize-studio[train]"``.
"""
