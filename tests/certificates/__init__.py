"""Certificates as other people's software sees them: general JSON-LD, readers of QR codes and of PDF."""
