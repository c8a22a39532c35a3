"""Writes the arrays that the tests read: python3 make.py (NumPy 1.24)."""

import numpy as np

a = np.array([[0, 1, 2], [3, 4, 250]])
for dtype in ("|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f4", "<f8",
              ">i2", ">i4", ">i8", ">u2", ">u4", ">u8", ">f4", ">f8"):
    name = dtype.replace("<", "little-").replace(">", "big-").replace("|", "")
    x = (a > 2) if dtype == "|b1" else a.astype(np.int64).astype(dtype) - np.array(7, dtype) * (dtype[1] in "if")
    np.save(name + ".npy", x.astype(dtype))

cube = np.arange(24, dtype="<i4").reshape(2, 3, 4)
np.save("c-order.npy", cube)
np.save("fortran-order.npy", np.asfortranarray(cube))
np.save("scalar.npy", np.float64(2.5))
np.save("vector.npy", np.arange(3, dtype="u1"))
np.save("empty.npy", np.zeros((0, 5), "f4"))
for version in (2, 3):
    with open(f"version-{version}.npy", "wb") as f:
        np.lib.format.write_array(f, cube, version=(version, 0))
np.savez("stored.npz", a=cube, b=np.float32([1.5]))
np.savez_compressed("packed.npz", a=cube, b=np.float32([1.5]))
