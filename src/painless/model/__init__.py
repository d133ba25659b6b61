"""What users wrote, in Kubernetes' words: objects, the snapshot of them all, and what we say about them.

Values only: nothing here decides, and nothing here knows NGINX.
"""
