"""Stage decide: from columns to `keep` and all `reject_reasons`, by rules that are configuration.

In three steps, because of each cluster the best copy that passes the rules is kept, and a cluster may reach across
shards and languages: every document is judged, every cluster elects its copy, every document is decided on.
"""
