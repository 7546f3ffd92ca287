"""Compiles the kernel of the scan: one small library for ctypes, needing neither a compiler nor Python's own headers.

The compiler comes as a package (ziglang) for the time of the build only. Each file is compiled for every level of
instructions of its kind of machine, and the library says at run time which of them this machine has.
"""

import platform
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).parent
SOURCES = sorted(str(path.relative_to(HERE)) for path in (HERE / "geo" / "kernel").glob("*.c"))
# A product and a sum are never fused, so that levels agree.
FLAGS = [
    "-std=c11",
    "-O3",
    "-fPIC",
    "-fvisibility=hidden",
    "-ffp-contract=off",
    "-fno-sanitize=all",
    "-Wall",
    "-Wextra",
]
X86 = {"v1": ["-march=x86_64"], "v3": ["-march=x86_64_v3"], "v4": ["-march=x86_64_v4", "-mprefer-vector-width=512"]}
LEVELS = X86 if platform.machine().lower() in ("x86_64", "amd64") else {"v1": []}


class Library(build_ext):
    """Builds geo/kernel/kernel.library."""

    def get_ext_filename(self, fullname: str) -> str:
        return str(Path(*fullname.split("."))) + ".library"

    def build_extension(self, ext: Extension) -> None:
        out = Path(self.get_ext_fullpath(ext.name))
        out.parent.mkdir(parents=True, exist_ok=True)
        compiler = [sys.executable, "-m", "ziglang", "cc"]
        with TemporaryDirectory() as folder:
            objects = []
            for level, own in LEVELS.items():
                for source in ext.sources:
                    objects.append(str(Path(folder, f"{Path(source).stem}_{level}.o")))
                    subprocess.run(
                        [*compiler, *FLAGS, *own, f"-DLEVEL={level}", "-c", str(HERE / source), "-o", objects[-1]],
                        check=True,
                    )
            subprocess.run([*compiler, "-shared", "-s", *objects, "-lm", "-o", str(out)], check=True)


setup(
    ext_modules=[Extension("geo.kernel.kernel", SOURCES, depends=["geo/kernel/kernel.h", "geo/kernel/draws.h"])],
    cmdclass={"build_ext": Library},
)
