"""Makes the files of this folder: a small network trained by PyTorch, a batch, and its logits. Needs torch, numpy, safetensors."""
import os

import numpy
import torch
from safetensors.torch import save_file

here = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(1)
net = torch.nn.Sequential()
net.add_module("conv1", torch.nn.Conv2d(2, 4, 3, padding=1))
net.add_module("bn", torch.nn.BatchNorm2d(4))
net.add_module("relu1", torch.nn.ReLU())
net.add_module("conv2", torch.nn.Conv2d(4, 6, (3, 2), stride=2, padding=1, groups=2))
net.add_module("relu2", torch.nn.ReLU())
net.add_module("flatten", torch.nn.Flatten())
net.add_module("fc", torch.nn.Linear(6 * 3 * 4, 5))
x, labels = torch.randn(64, 2, 6, 6), torch.randint(0, 5, (64,))
rule = torch.optim.Adam(net.parameters(), 1e-2)
for _ in range(30):
    rule.zero_grad()
    torch.nn.functional.cross_entropy(net(x), labels).backward()
    rule.step()
net.eval()
with torch.no_grad():
    y = net(x[:3])
save_file(net.state_dict(), os.path.join(here, "torch.safetensors"))
numpy.save(os.path.join(here, "torch_x.npy"), x[:3].permute(0, 2, 3, 1).contiguous().numpy())
numpy.save(os.path.join(here, "torch_y.npy"), y.numpy())
