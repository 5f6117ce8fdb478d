"""Gemini models at Google Cloud, in their own format.

The key is an access token, such as `gcloud auth print-access-token` prints; it lasts an hour. The address
names the project of VERTEX_PROJECT and the location of VERTEX_LOCATION, `global` by default. Regions have
addresses of their own, `https://REGION-aiplatform.googleapis.com/…`, for which `base_url` is set.
"""

from __future__ import annotations

from gateway.dialects.gemini import Gemini, GeminiQuirks
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="vertex",
    dialect=Gemini(GeminiQuirks(count="fields", call_ids=False, fetches_urls=True)),
    base_url="https://aiplatform.googleapis.com/v1/projects/${VERTEX_PROJECT}"
    "/locations/${VERTEX_LOCATION:-global}/publishers/google",
    key_env="VERTEX_ACCESS_TOKEN",
)
