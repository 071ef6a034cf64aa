"""What a dataset is labelled for. It belongs to the dataset, not to a revision: labels are the same in all tasks."""

from typing import Literal, get_args

import sqlalchemy as sql

from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.store import schema
from maskwright.store.dataset import Dataset

#: semantic: a class for every pixel.  instance: an object each, which may overlap.  panoptic: both, without overlap.
Task = Literal["semantic", "instance", "panoptic"]
TASKS: tuple[Task, ...] = get_args(Task)

_NAME = "task"


def task_of(dataset: Dataset) -> Task | None:
    """What was chosen; None while nobody has chosen, or for a task of a newer version."""
    table = schema.meta
    with dataset.database.reading() as connection:
        found = connection.execute(sql.select(table.c.value).where(table.c.name == _NAME)).scalar()
    return next((task for task in TASKS if task == found), None)


def set_task(dataset: Dataset, task: Task) -> None:
    """Choose it, for everybody. Raises UsageError for one that is not there."""
    if task not in TASKS:
        raise UsageError(f"the task is {shown(repr(task), 40)}", needed=f"one of {', '.join(TASKS)}")
    table = schema.meta
    with dataset.database.writing() as connection:
        connection.execute(table.delete().where(table.c.name == _NAME))
        connection.execute(table.insert().values(name=_NAME, value=task))
