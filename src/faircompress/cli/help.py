"""How commands are shown in the help: in panels, each with examples."""

PANELS = {
    "Start": ("init", "params", "audit", "verify"),
    "Run": ("run", "search", "study", "serve", "monitor", "notify", "backfill"),
    "Look": ("status", "history", "compare", "open", "list", "ui"),
    "Registered versions": (
        "champion",
        "versions",
        "promote",
        "rollback",
        "alarm",
        "checkout",
        "keys",
    ),
    "Maintenance": ("setup", "clean", "stage"),
}
EXAMPLES = {
    "init": (
        "faircompress init faces --table pictures/faces.csv",
        "faircompress init moles --folder photos --model resnet18",
        "faircompress init demo  # the embedded data",
    ),
    "params": (
        "faircompress params",
        "faircompress params -S prune.speedup=8",
    ),
    "audit": (
        "faircompress audit predictions.csv --label y --group sex --id id \\",
        "    --baseline p_old --candidate p_new --rule 'change auroc 0.03' --out audit",
        "faircompress audit old.csv new.csv --label y --group sex --id id \\",
        "    --baseline p --candidate p --metric true_positive_rate --limit 0.1",
    ),
    "verify": (
        "faircompress verify audit/verdict.json audit/predictions-*.parquet",
        "faircompress verify --project faces  # signatures, ledger, rules",
    ),
    "run": (
        "faircompress run",
        "faircompress run -S prune.speedup=8  # a variant, in its own folder",
        "faircompress run -S prune.speedup=auto  # search first, run what won",
        "faircompress run --preset celeba-1-small",
        "faircompress run || test $? -eq 2  # in CI: 2 is an open question",
    ),
    "search": (
        "faircompress search  # the smallest file that is expected to pass",
        "faircompress search --apply  # and write it into params.yaml",
        "faircompress search --by ms --precision fp32 --minutes 60",
        "faircompress search --line 'prune.finetune.name=distillation' \\",
        "    --line 'prune.criterion.name=magnitude'",
    ),
    "study": (
        "faircompress study portraits",
        "faircompress study portraits --workers 2",
    ),
    "serve": (
        "faircompress serve --cron '0 3 * * *' --timezone Europe/Paris",
        "faircompress serve --every 5m",
    ),
    "notify": (
        "faircompress notify",
        "faircompress notify --test",
    ),
    "backfill": (
        "faircompress backfill --commits v1..HEAD",
    ),
    "monitor": (
        "faircompress monitor",
        "faircompress monitor --project faces || echo alarm",
    ),
    "status": (
        "faircompress status",
        "faircompress status --json --project faces",
    ),
    "history": (
        "faircompress history",
        "faircompress history --html history.html",
    ),
    "compare": (
        "faircompress compare 3 4  # two versions",
        "faircompress compare project prune.speedup=8  # the project and a variant",
        "faircompress compare old/verdict.json new/verdict.json",
    ),
    "open": (
        "faircompress open",
        "faircompress open model-card --variant prune.speedup=8",
        "faircompress open mlflow  # while faircompress ui runs",
    ),
    "list": (
        "faircompress list",
        "faircompress list criteria",
        "faircompress list presets --long | grep celeba  # NAME, tab, description",
    ),
    "ui": (
        "faircompress ui --port 5001",
    ),
    "promote": (
        "faircompress promote  # the challenger, after a review",
        "faircompress promote 7 --override --reviewer Ann --reason 'a recall'",
    ),
    "rollback": (
        "faircompress rollback --reason 'complaints from users'",
    ),
    "alarm": (
        "faircompress alarm  # is the champion what was recorded?",
        "faircompress alarm --reviewer Ann --reason 'fails on dark skin'",
    ),
    "champion": (
        "faircompress champion --out model.onnx",
    ),
    "versions": (
        "faircompress versions",
        "faircompress versions 7 --history",
    ),
    "keys": (
        "faircompress keys new gate paris --to /media/stick",
        "faircompress keys new reviewer ann",
        "faircompress keys list",
    ),
    "checkout": (
        "faircompress checkout 7",
    ),
    "setup": (
        "faircompress setup",
    ),
    "clean": (
        "dvc push --run-cache && faircompress clean",
    ),
    "stage": (
        "faircompress stage train",
    ),
}  # fmt: skip


def examples(*commands: str) -> str:
    """Return the end of a command's help: a command a line, with words after ``#`` dimmed."""
    return "\n".join(["[bold]Examples[/bold]", *map(_line, commands)])


def _line(command: str) -> str:
    typed, mark, words = command.partition("  # ")
    return f"{typed}  [dim]# {words}[/dim]" if mark else typed
