"""The whole service without AWS: the templates, the image and `make deploy` as they are.

    make e2e

An emulator of AWS (ministack, in an environment of its own) stands in for CloudFormation, the HTTP
API, Lambda's control plane, the scheduler, S3, ECR, Secrets Manager, SNS; the strict Polly for
Amazon Polly. `make deploy` runs against it unchanged. Its build is carried out with buildah on a
Debian base, pushed to the emulated registry and pulled from there by digest; functions run from
that image behind Lambda's Runtime API, with a read-only root and a small /tmp, as a user of no
rights. Nothing is skipped: where a part is missing, the run fails and names the package.

What the emulator does not know is registered there as a resource that does nothing
(`launcher.py`), and said so in the table; `tests/infra` checks those statically.
"""
