/**
 * SHA-256 of wheels with which the setup was tried from start to end. A wheel given by hand is checked against this table
 * when no index can be asked.
 */
export const KNOWN_WHEELS: Readonly<Record<string, string>> = {
  "tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl":
    "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
  "scipy_openblas32-0.3.34.481.3-py3-none-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl":
    "0595f94cd58c1f8a0d90c975621f4587337a003916b1979e834ebdf2cb5d9504",
};

/** The version that is set up unless another is asked for. */
export const DEFAULT_VERSION: string = "2.21.0";
