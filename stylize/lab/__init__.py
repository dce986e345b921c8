"""The lab: methods of the field's history, and what is fitted or measured beside the product.

Everything here needs the extra ``train``.
"""
