"""Arithmetic in few bits is as near as few bits allow; what a CPU cannot do in them is done in float32 where it learns."""

import pytest

torch = pytest.importorskip("torch")

from maskwright.predict.precision import autocast

CPU = torch.device("cpu")


class Recorder(torch.utils._python_dispatch.TorchDispatchMode):
    """The type of numbers of each convolution that is computed while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function is torch.ops.aten.convolution.default:
            self.found.append(args[0].dtype)
        return function(*args, **(kwargs or {}))


def computed_in(convolution, *, learning: bool = True, precision: str = "bf16"):
    """-> type of the arithmetic, type of the answer."""
    x = torch.rand(1, convolution.in_channels, 16, 16)
    with torch.set_grad_enabled(learning), Recorder() as recorder, autocast(CPU, precision):
        answer = convolution(x)
    (found,) = recorder.found
    return found, answer.dtype


@pytest.mark.parametrize(("kernel", "stride"), [(5, 1), (3, 2), (7, 2), ((1, 5), 1), (3, (1, 2))])
def test_wide_or_strided_depthwise_convolutions_learn_in_float32(kernel, stride) -> None:
    convolution = torch.nn.Conv2d(8, 8, kernel, stride, groups=8)
    assert computed_in(convolution) == (torch.float32, torch.bfloat16)
    assert computed_in(convolution, learning=False) == (torch.bfloat16, torch.bfloat16)


@pytest.mark.parametrize(
    "convolution",
    [
        torch.nn.Conv2d(8, 8, 3, groups=8),
        torch.nn.Conv2d(8, 16, 5, 2),
        torch.nn.Conv2d(1, 16, 5, 2),
        torch.nn.Conv2d(8, 8, 5, groups=4),
    ],
    ids=["narrow", "dense", "of one channel", "of groups of two"],
)
def test_the_others_learn_in_bfloat16(convolution) -> None:
    assert computed_in(convolution) == (torch.bfloat16, torch.bfloat16)


def test_float32_stays_float32() -> None:
    assert computed_in(torch.nn.Conv2d(8, 8, 5, groups=8), precision="fp32") == (torch.float32, torch.float32)


def test_gradients_are_those_of_float32() -> None:
    torch.manual_seed(0)
    convolution = torch.nn.Conv2d(8, 8, 5, 2, groups=8)
    x = torch.rand(2, 8, 16, 16)
    gradients = []
    for precision in ("fp32", "bf16"):
        convolution.zero_grad()
        with autocast(CPU, precision):
            answer = convolution(x)
        answer.float().square().mean().backward()
        gradients.append(convolution.weight.grad.clone())
    assert gradients[1].dtype == torch.float32
    torch.testing.assert_close(gradients[1], gradients[0], rtol=0.02, atol=1e-4)
