"""`make permissions`: every call of every role, decided by an evaluator of IAM policies.

The project's own handlers, steps, deployment and clean-up run against an emulator, and each call
is recorded with its action, resource and conditions (`recorder`, `scenes`). What AWS's services do
by themselves is listed as data with its source (`service_calls`, `handlers.json`). The templates'
policies are resolved for one example deployment (`deployment`), and `evaluate.cjs` decides each
request with @cloud-copilot/iam-simulate. Nothing may be denied; a statement that no call used needs
a sentence (`unused.toml`); removing any other statement must be noticed.
"""
