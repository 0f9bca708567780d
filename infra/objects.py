"""The buckets of an S3 store as folders: saved, so that they can be loaded into an empty store.

On their own, in a container of compose.yaml:

    python /opt/objects.py save BUCKET... > buckets.tar
    python /opt/objects.py load < buckets.tar
"""

import os
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, unquote

SERVER = ("-m", "moto.server", "-H", "127.0.0.1")


class Store:
    """An S3 store.

    Args:
        env: Variables that name it and its keys, as MLflow reads them.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        import boto3
        from botocore.config import Config

        self.client = boto3.client(
            "s3",
            endpoint_url=env["MLFLOW_S3_ENDPOINT_URL"],
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            region_name=env.get("AWS_DEFAULT_REGION", "us-east-1"),
            config=Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 2}),
        )

    def answers(self) -> bool:
        """Tell whether it is there."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.client.list_buckets()
        except (BotoCoreError, ClientError):
            return False
        return True

    def buckets(self) -> list[str]:
        """Return the names of its buckets."""
        return [bucket["Name"] for bucket in self.client.list_buckets()["Buckets"]]

    def keys(self, bucket: str) -> dict[str, str]:
        """Return the objects of a bucket, each with a mark that changes with its content."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        found = [one for page in pages for one in page.get("Contents", [])]
        return {one["Key"]: f"{one['ETag']} {one['Size']}" for one in found}


def store(env: Mapping[str, str]) -> Store:
    """Return the store that the environment names."""
    return Store(env)


def save(found: Store, folder: Path, buckets: Sequence[str] = ()) -> int:
    """Bring a folder up to date with the buckets; return how many objects they hold."""
    count = 0
    for bucket in buckets or found.buckets():
        place = folder / bucket
        place.mkdir(parents=True, exist_ok=True)
        keys = found.keys(bucket)
        for key, mark in keys.items():
            _fetch(found, bucket, key, mark, place)
        for file in place.iterdir():
            if unquote(file.name.partition(".etag")[0]) not in keys:
                file.unlink()
        count += len(keys)
    return count


def _fetch(found: Store, bucket: str, key: str, mark: str, place: Path) -> None:
    """Write down an object, unless it is there already; its mark last."""
    file, known = place / _name(key), place / f"{_name(key)}.etag"
    if known.exists() and known.read_text() == mark and file.exists():
        return
    known.unlink(missing_ok=True)
    found.client.download_file(bucket, key, str(file))
    known.write_text(mark)


def load(found: Store, folder: Path) -> int:
    """Put saved buckets into a store that has none of their objects; return how many there are."""
    count = 0
    there = set(found.buckets())
    places = sorted(p for p in folder.glob("*") if p.is_dir())
    if full := [p.name for p in places if p.name in there and found.keys(p.name)]:
        sys.exit(f"error: the buckets {full} are not empty; nothing was written")
    for place in places:
        if place.name not in there:
            found.client.create_bucket(Bucket=place.name)
        for file in sorted(place.iterdir()):
            if not file.name.endswith(".etag"):
                found.client.upload_file(str(file), place.name, unquote(file.name))
                count += 1
    return count


def _name(key: str) -> str:
    """Return a file name for an object; none is longer than what a file system takes."""
    return quote(key, safe="").replace(".etag", "%2Eetag")


def main() -> None:
    """Save to or load from a tar file on standard output or input."""
    what, *buckets = sys.argv[1:]
    found = store(os.environ)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if what == "save":
            save(found, folder, buckets)
            with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as tar:
                tar.add(folder, arcname=".")
        else:
            with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as tar:
                tar.extractall(folder, filter="data")
            load(found, folder)


if __name__ == "__main__":
    main()
