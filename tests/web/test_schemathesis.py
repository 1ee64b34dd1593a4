"""The published OpenAPI document, walked by Schemathesis: no call ends in a 5xx and every answer is as documented."""
